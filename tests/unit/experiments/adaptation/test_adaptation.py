"""The batched evaluation of tables is that of the closed loop, and the command writes what it prints."""

import csv
from pathlib import Path
from typing import Any

import pytest

from splitwave.common.config.run_config import RunConfig
from splitwave.common.exit_codes import ExitCode
from splitwave.common.protocol.phases import Phase, Symbols
from splitwave.experiments.adaptation.__main__ import main
from splitwave.experiments.adaptation.forms import SILENT, Form, receive
from splitwave.experiments.adaptation.report import Row, read, savings
from splitwave.experiments.adaptation.tables import ENDS_DB, Costs, Trace, fixed
from splitwave.experiments.inprocess_run import InprocessRun
from tests.integration.testbed import tiny_data

FORMS = (Form("bpsk", 2), Form("qpsk", 1), Form("16-qam", 3), SILENT, Form("qpsk", 3))


def config_of(rows: list[dict[str, Any]], **digital: Any) -> RunConfig:
    return RunConfig.model_validate(
        {
            "seed": 3,
            "encoder": {"dimension": 6},
            "quantizer": {"breakpoints": 7},
            "training": {"epochs": 2, "batch_size": 16, "link_dropout": 0.1},
            "inference": {"block_size": 10, "latency_samples": 24},
            "channel": {
                "model": [{"name": "clarke", "doppler_hz": 20.0}, "awgn"],
                "receiver": {"csi": "perfect", "equaliser": "zero-forcing", "inputs": True},
                "digital": {"modulation": "qpsk", **digital},
            },
            "adaptation": {"policy": "table" if len(rows) > 1 else "fixed", "rows": rows},
        }
    )


def run_of(config: RunConfig) -> InprocessRun:
    data = tiny_data(config.links)
    run = InprocessRun(config, data.views, data.labels.train, data.labels.test)
    list(run.train(lambda _: None))
    return run


def trace_of(run: InprocessRun, phase: Phase) -> Trace:
    received = receive(run, phase, FORMS)
    return Trace(run, received, tiny_data(2).labels.test[received.ids], nominal_db=10.0)


def test_a_table_has_the_error_and_the_costs_of_the_closed_loop() -> None:
    """With queries of a serving pass, blocks of one sample, both meet the same noise and the same measurements."""
    rows: list[dict[str, Any]] = [
        {"sends": False},
        {"from_db": 4.0, "modulation": "bpsk", "bits": 2},
        {"from_db": 8.0, "modulation": "qpsk", "bits": 1},
        {"from_db": 12.0, "modulation": "16-qam"},
    ]
    run = run_of(config_of(rows))
    table = tuple({-99.0: 3, 0.0: 3, 4.0: 0, 8.0: 1}.get(end, 2) for end in (-99.0, *ENDS_DB))
    costs = trace_of(run, Phase.SERVE).costs(table, rescue=FORMS.index(Form("qpsk", 3)))
    run.evaluate(Phase.TEST, 0, Symbols.HARD)
    run.serve(0)
    queries = run.served.queries()
    parts = sum(use.queries for use in queries.uses)
    sent, bits, symbols = (sum(getattr(use, name) for use in queries.uses) for name in ("sent", "bits", "symbols"))
    assert 0 < sent < parts
    assert costs.error == queries.error
    assert costs.bits == pytest.approx(bits / parts)
    assert costs.symbols == pytest.approx(symbols / parts)
    assert costs.silent == pytest.approx(1 - sent / parts)


@pytest.mark.parametrize("form", FORMS[:3])
def test_a_fixed_form_has_the_error_of_a_test_pass_with_its_modulation(form: Form) -> None:
    run = run_of(config_of([], modulation=form.modulation))
    if form.bits == 3:
        expected = run.evaluate(Phase.TEST, 0, Symbols.HARD).error
        costs = trace_of(run, Phase.TEST).costs(fixed(FORMS.index(form)), rescue=0)
        assert costs == Costs(expected, bits=18.0, symbols=5.0, silent=0.0)
    else:
        costs = trace_of(run, Phase.TEST).costs(fixed(FORMS.index(form)), rescue=0)
        assert (costs.bits, costs.symbols) == {"bpsk": (12.0, 12.0), "qpsk": (6.0, 3.0)}[form.modulation]


def row(kind: str, form: str, validation_error: float, symbols: float) -> Row:
    costs = (symbols, symbols, symbols)
    return Row(0, kind, form, None, 10.0, validation_error, symbols, validation_error, *costs, 0.0)


def test_savings_compare_the_cheapest_table_that_is_no_worse_on_held_out_samples() -> None:
    rows = [
        row("fixed", "a", 0.10, 10.0),
        row("fixed", "b", 0.05, 40.0),
        row("fixed", "beaten by a", 0.20, 20.0),
        row("table", "t", 0.05, 30.0),
        row("table", "u", 0.04, 35.0),
        row("table", "v", 0.12, 5.0),
    ]
    found = savings(rows)
    assert [each.form for each in found] == ["a", "b"]
    assert [each.airtime.mean for each in found] == pytest.approx([-2.0, 0.25])
    assert [each.error.mean for each in found] == pytest.approx([-0.05, 0.0])


def test_the_command_writes_the_rows_that_it_prints(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "rows.csv"
    options = ["--data-set", "mnist5k", "--epochs", "1", "--dimension", "4", "--csv", str(path)]
    assert main(options) == ExitCode.OK
    with path.open(newline="") as file:
        names = next(csv.reader(file))
    assert tuple(names) == Row._fields
    rows = read([path])
    assert [each.kind for each in rows].count("fixed") == 9
    assert path.with_suffix(".png").is_file()
    printed = capsys.readouterr().out
    assert all(each.form in printed for each in rows)
