"""Trainings of DT-JSCC by its command line."""

import csv
from pathlib import Path

import pytest

from splitwave.common.exit_codes import ExitCode
from splitwave.common.records.checkpoint import weights_sha256
from splitwave.experiments.dt_jscc import __main__ as command
from splitwave.experiments.dt_jscc.report import Row
from splitwave.experiments.dt_jscc.settings import Settings
from splitwave.experiments.dt_jscc.training import train
from splitwave.experiments.vddib_sr.samples import load_training
from splitwave.experiments.vddib_sr.settings import Schedule

FAST = ["--data-set", "mnist5k", "--features", "32", "--epochs", "1", "--validation", "500", "--batch-size", "100"]


@pytest.mark.e2e
def test_a_training_learns_and_can_be_repeated_to_the_bit() -> None:
    settings = Settings(
        data="mnist5k", validation=500, symbols=8, features=64, psnr_db=20.0, decoder_widths=(64, 32),
        schedule=Schedule(epochs=4, batch_size=50),
    )  # fmt: skip
    samples, validation = load_training(settings, None)
    trained, again = (train(settings, samples, validation) for _ in range(2))
    first, best = trained.report.scores[0].error_rate, trained.report.best.error_rate
    assert first > 0.7
    assert best < 0.5
    assert weights_sha256(trained.network) == weights_sha256(again.network)
    other = train(settings.model_copy(update={"seed": 1}), samples, validation)
    assert weights_sha256(other.network) != weights_sha256(trained.network)


def test_every_network_is_reported_over_every_link(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "rows.csv"
    arguments = [*FAST, "--symbols", "3", "4", "--report", "0", "20", "--csv", str(path)]
    assert command.main(arguments) == ExitCode.OK
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == Row._fields
    assert [(row["symbols"], row["test_psnr_db"]) for row in rows] == [
        ("3", "0.0"), ("3", "20.0"), ("4", "0.0"), ("4", "20.0")
    ]  # fmt: skip
    assert [float(row["bits"]) for row in rows] == [12, 12, 16, 16]
    assert float(rows[2]["airtime_ms"]) == pytest.approx(4 / 9.6)
    assert all(0 < float(row["test_error"]) < 1 for row in rows)
    assert "psk 16,    4 symbols, 16 bits, 0.42 ms: trained at 10 dB, over 20 dB: validation" in capsys.readouterr().out


def test_choosing_settings_does_not_read_the_test_split(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "load_samples", lambda *_: pytest.fail("the test split was read"))
    assert command.main([*FAST, "--symbols", "4", "--modulation", "16-qam", "--no-test"]) == ExitCode.OK
    assert "test " not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--symbols", "0"], ExitCode.CONFIG),
        (["--modulation", "8-psk"], ExitCode.CONFIG),
        (["--temperature", "0"], ExitCode.CONFIG),
        (["--data-set", "mnist6k"], ExitCode.CONFIG),
        (["--validation", "4000"], ExitCode.DATA),
    ],
)
def test_invalid_settings_are_reported_in_one_line_with_an_exit_code(
    arguments: list[str], code: ExitCode, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main([*FAST, *arguments]) == code
    error = capsys.readouterr().err
    assert (error.startswith("error: "), error.count("\n")) == (True, 1)
