"""The table printed at the end of a run."""

import dataclasses
from pathlib import Path

import pytest
from rich.cells import cell_len

from splitwave.common.config.run_config import RunConfig
from splitwave.common.records.summary import Summary, summarize
from splitwave.common.tasks.classification import Classification
from splitwave.common.tasks.regression import Regression
from splitwave.common.tasks.wording import Wording
from splitwave.testbed.terminal.reporting import print_figures, print_next_steps, print_summary
from splitwave.testbed.terminal.result_table import result_table
from tests.unit.common.records import test_summary as summary_tests

SHA = "0123456789abcdef" * 4
RESULT = dataclasses.replace(summary_tests.RESULT, steps=945, error=0.062, error_soft=0.06, weights_sha256=SHA)
DELAYS = RunConfig.model_validate({"links": 1, "data": {"name": "wifi-csi"}})
SERVED = {"queries": 140, "distinct_samples": 100, "error_rate": 0.25, "error_rate_interval": [0.17546, 0.34305]}
SERVED_NS2 = {"queries": 140, "distinct_samples": 100, "mse_ns2": 9.0}


SHARES, SQUARES = Classification.wording, Regression.wording


def rows(summary: Summary, wording: Wording = SHARES) -> dict[str, str]:
    """The rows of a summary's table, as texts by label."""
    return {label: text.strip() for label, _, text in (line.partition("  ") for line in result_table(summary, wording))}


def test_the_table_of_a_run_has_the_units_of_the_readme() -> None:
    summary = summarize(RunConfig(), "process", RESULT)

    assert result_table(summary, SHARES) == [
        "test error, hard symbols  6.20 %",
        "test error, soft symbols  6.00 %",
        "training                  945 steps, 8,000 samples/s",
        "payload                   112 bits a sample and link",
        "packed                    14.00 bytes a sample and link",
        "wire                      14.20 bytes a sample and link, as protobuf messages",
        "airtime                   2.92 ms a sample, modelled",
        "latency p50 / p90 / p99   1.5 / 1.9 / 2.0 ms",
        "served                    240 queries about 200 samples",
        "served error              7.50 %, 95 % interval 4.60 to 12.00 %",
        "",
        "engine          process",
        "data            mnist5k",
        "links           2",
        "seed            0",
        f"config hash     {RunConfig().config_hash}",
        f"weights sha256  {SHA}",
    ]


def test_errors_of_a_regression_are_in_square_nanoseconds_and_metres() -> None:
    summary = summarize(DELAYS, "process", dataclasses.replace(RESULT, error=9.0, error_soft=4.0))

    table = rows({**summary, "served": SERVED_NS2}, SQUARES)

    assert table["test error, hard symbols"] == "9.000 ns² (0.899 m)"
    assert table["test error, soft symbols"] == "4.000 ns² (0.600 m)"
    assert table["served error"] == "9.000 ns² (0.899 m)"
    assert not any(label.startswith(("mse", "rmse")) for label in table)


def test_a_huge_error_keeps_its_row_short() -> None:
    assert rows({"mse_ns2": 2.36157e31, "rmse_m": 1.45687e15}, SQUARES)["test error, hard symbols"] == (
        "2.36e+31 ns² (1.46e+15 m)"
    )


def test_served_queries_are_shown_with_samples_and_an_error_interval() -> None:
    table = rows({"served": SERVED})

    assert table["served"] == "140 queries about 100 samples"
    assert table["served error"] == "25.00 %, 95 % interval 17.55 to 34.30 %"


def by_beta(*betas: float, bits: float | None = 2.5, served: Summary = SERVED) -> dict[str, object]:
    return {"betas": list(betas), **served, "symbol_entropy_bits": bits}


def test_each_combination_of_betas_is_a_line_of_a_table_of_its_own() -> None:
    few = {"queries": 20, "distinct_samples": 20, "error_rate": 0.5}

    assert result_table({"by_beta": [by_beta(0.001, 0.5), by_beta(0.5, 0.5, bits=1.0, served=few)]}, SHARES) == [
        "β of the links  queries  samples       error, 95 % interval  symbol entropy",
        "0.001, 0.5          140      100  25.00 %, 17.55 to 34.30 %       2.50 bits",
        "0.5                  20       20                    50.00 %       1.00 bits",
    ]


def test_symbols_without_an_entropy_are_labelled_real_valued() -> None:
    table = result_table({"by_beta": [by_beta(0.001, bits=None)]}, SHARES)

    assert table[-1] == "(real-valued symbols)"
    assert "entropy" not in table[0]
    assert "None" not in "\n".join(table)


def test_the_betas_of_many_links_are_a_range() -> None:
    betas = tuple(0.001 * (1 + link) for link in range(64))

    assert result_table({"by_beta": [by_beta(*betas)]}, SHARES)[1].startswith("0.001 to 0.064  ")


def test_the_usage_of_containers_is_a_separate_table() -> None:
    used = {"cpu_s": 3.1415, "memory_peak_mib": 210.6, "network_rx_bytes": 1_500_000, "network_tx_bytes": 20_000}

    assert result_table({"containers": {"basestation-1": used}}, SHARES) == [
        "container        CPU  peak memory  received     sent",
        "basestation-1  3.1 s      211 MiB   1.50 MB  0.02 MB",
    ]


def test_an_unknown_entry_is_labelled_with_its_key() -> None:
    table = rows({"restarts": 2, "test_pass": None, "kept": True, "more_of_it": {"a_b": 0.1234567}, "parts": ["x", 1]})

    assert table == {
        "restarts": "2",
        "test pass": "not measured",
        "kept": "yes",
        "more of it a b": "0.123457",
        "parts": "x, 1",
    }


def test_missing_measurements_are_omitted_or_shown_as_not_measured() -> None:
    assert result_table({"error_rate": None, "served": {"queries": 0, "distinct_samples": 0}}, SHARES) == [
        "test error, hard symbols  not measured",
        "served                    0 queries about 0 samples",
        "served error              not measured",
    ]
    assert result_table({}, SHARES) == []


@pytest.mark.parametrize("config", [RunConfig(), RunConfig(links=64), DELAYS], ids=["two links", "64", "delays"])
def test_a_table_fits_into_80_columns(config: RunConfig) -> None:
    error, served = (0.999, SERVED) if config.links > 1 else (1234.5, SERVED_NS2)
    result = dataclasses.replace(RESULT, error=error, samples_per_s=123_456.0)
    combinations = [by_beta(*[10.0 ** -(link % 7) * 3.16 for link in range(config.links)], served=served)]

    summary = {**summarize(config, "process", result), "served": served, "by_beta": combinations}
    table = result_table(summary, config.task.wording)

    assert max(map(cell_len, table)) == 80  # the row of the hash, which is not shortened


def test_a_result_ends_with_its_files_its_figures_and_suggested_commands(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("training.png", "latency.pdf", "latency.png", "latency.csv"):
        (tmp_path / name).touch()

    print_summary({"seed": 3}, SHARES, Path("results/demo/now"))
    print_figures(tmp_path)
    print_next_steps(["splitwave experiment list"])

    assert capsys.readouterr().out.splitlines() == [
        "",
        "seed  3",
        "results         results/demo/now",
        "summary         results/demo/now/summary.json",
        f"figures         {tmp_path}/latency.pdf",
        f"                {tmp_path}/latency.png",
        f"                {tmp_path}/training.png",
        "",
        "next, for example:",
        "  splitwave experiment list",
    ]


def test_without_pictures_nothing_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    print_figures(tmp_path)

    assert capsys.readouterr().out == ""
