from pathlib import Path

import pytest

from splitwave.common.data.dataset import Split
from splitwave.common.exit_codes import ExitCode
from splitwave.experiments.vddib_sr import __main__ as command
from splitwave.experiments.vddib_sr.samples import Samples, load_samples
from splitwave.experiments.vddib_sr.settings import Settings

FAST = ["--data-set", "mnist5k", "--extractor", "linear", "--features", "8", "--widths", "16", "16"]
FAST += ["--epochs", "1", "1", "1", "--validation", "500", "--batch", "200"]


def test_several_symbol_counts_share_one_phase_1_and_the_test_split_is_read_once_at_the_end(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    splits: list[Split] = []

    def load(settings: Settings, split: Split, data_dir: Path | None) -> Samples:
        splits.append(split)
        return load_samples(settings, split, data_dir)

    monkeypatch.setattr(command, "load_samples", load)
    assert command.main([*FAST, "--symbols", "3", "4", "--report", "ideal", "10"]) == ExitCode.OK
    printed = capsys.readouterr().out
    assert splits == ["test"]
    assert printed.count("extract view") == 2
    assert printed.index("test, ideal link, 2 + 1 1-bit symbols") > printed.rindex("validation, ")
    assert printed.count("AWGN 10 dB, 2 + 2 1-bit symbols") == 2
    assert "threshold inf" in printed


def test_choosing_settings_does_not_read_the_test_split(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "load_samples", lambda *_: pytest.fail("the test split was read"))
    assert command.main([*FAST, "--symbols", "4", "--no-test"]) == ExitCode.OK
    assert "test, " not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--bits", "17"], ExitCode.CONFIG),
        (["--symbols", "1"], ExitCode.CONFIG),
        (["--data-set", "mnist6k"], ExitCode.CONFIG),
        (["--overlap", "1"], ExitCode.CONFIG),
        (["--validation", "4000"], ExitCode.DATA),
    ],
)
def test_invalid_settings_are_reported_in_one_line_with_an_exit_code(
    arguments: list[str], code: ExitCode, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main([*FAST, *arguments]) == code
    error = capsys.readouterr().err
    assert (error.startswith("error: "), error.count("\n")) == (True, 1)


@pytest.mark.parametrize("text", ["inf", "nan", "1e12", "-1000", "loud"])
@pytest.mark.parametrize("option", ["--psnr", "--report"])
def test_what_is_no_psnr_is_refused_by_name(option: str, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refusal:
        command.main([*FAST, option, text])
    assert refusal.value.code == ExitCode.CONFIG
    assert f"{option}: {text}: expected decibels from -100 to 150, or ideal" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["inf", "nan", "-1"])
@pytest.mark.parametrize("option", ["--overlap", "--extraction-beta", "--beta", "--rate-beta"])
def test_what_is_no_weight_is_refused_by_name(option: str, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main([*FAST, option, text]) == ExitCode.CONFIG
    setting = option.removeprefix("--").replace("-", "_").removeprefix("extraction_")
    assert f"{setting} = {float(text)}: Input should be " in capsys.readouterr().err


def test_a_missing_data_folder_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main([*FAST, "--data", str(tmp_path / "none")]) == ExitCode.DATA
    assert "none" in capsys.readouterr().err
