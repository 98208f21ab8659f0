import csv
from pathlib import Path

import pytest

from splitwave.common.data.dataset import Split
from splitwave.common.errors import ConfigError
from splitwave.common.exit_codes import ExitCode
from splitwave.experiments.vddib_sr import samples
from splitwave.experiments.vddib_sr.chosen import chosen_settings
from splitwave.experiments.vddib_sr.options import parse, settings_of
from splitwave.experiments.vddib_sr.settings import Settings
from splitwave.experiments.vddib_sr.tuning import main, points

FAST = ["--extractor", "linear", "--symbols", "3", "--grid", 'data="mnist5k"', "--grid", "validation=500"]
FAST += ["--grid", "extraction.features=4", "--grid", "encoding.decoder_widths=[8,8]"]
FAST += ["--grid", "extraction.schedule.epochs=1", "--grid", "encoding.encode.epochs=1"]


def test_a_grid_gives_every_combination_and_keeps_the_other_chosen_settings() -> None:
    grid = ["encoding.decoder_widths=[8,8],[16,8]", "encoding.psnr_db=null,10.0"]
    base = chosen_settings("linear")
    found = list(points(base, grid))
    assert [(point.encoding.decoder_widths, point.encoding.psnr_db) for point in found] == [
        ((8, 8), None),
        ((8, 8), 10.0),
        ((16, 8), None),
        ((16, 8), 10.0),
    ]
    assert {point.extraction for point in found} == {base.extraction}


@pytest.mark.parametrize(
    "axis", ["seed", "seed=", "seed=-1", "seed=x", "sed=1", "seed.x=1", "encoding.finetune.rate=1"]
)
def test_an_invalid_axis_is_refused(axis: str) -> None:
    with pytest.raises(ConfigError, match="--grid"):
        list(points(chosen_settings("mlp"), [axis]))


def test_each_training_appends_a_row_and_the_test_split_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    splits: list[Split] = []
    load = samples.load_samples

    def record(settings: Settings, split: Split, data_dir: Path | None) -> samples.Samples:
        splits.append(split)
        return load(settings, split, data_dir)

    monkeypatch.setattr(samples, "load_samples", record)
    table = tmp_path / "trials.csv"
    for seed in (0, 1):
        epochs = "encoding.finetune.epochs=0,1"
        assert main([*FAST, "--grid", f"seed={seed}", "--grid", epochs, "--csv", str(table)]) == ExitCode.OK
    with table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["seed"], row["encoding.finetune.epochs"]) for row in rows] == [
        ("0", "0"),
        ("0", "1"),
        ("1", "0"),
        ("1", "1"),
    ]
    assert {(row["encoding.first"], row["encoding.second"]) for row in rows} == {("2", "1")}
    for without, fine_tuned in zip(rows[::2], rows[1::2], strict=True):
        assert without["extract_error_percent"] == fine_tuned["extract_error_percent"]
        assert without["validation_error_percent"] == without["encode_error_percent"]
        assert float(fine_tuned["validation_error_percent"]) <= float(without["validation_error_percent"])
    assert set(splits) == {"train"}


def test_a_table_with_other_columns_is_refused_and_not_changed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "trials.csv"
    table.write_text("seed,links\n0,2\n", encoding="utf-8")
    assert main([*FAST, "--grid", "encoding.finetune.epochs=0", "--csv", str(table)]) == ExitCode.CONFIG
    assert "trials.csv" in capsys.readouterr().err
    assert table.read_text(encoding="utf-8") == "seed,links\n0,2\n"


@pytest.mark.parametrize("extractor", ["linear", "mlp"])
@pytest.mark.parametrize("psnr_db", [None, 10.0])
def test_the_command_line_uses_the_settings_chosen_for_its_extractor(extractor: str, psnr_db: float | None) -> None:
    link = "ideal" if psnr_db is None else str(psnr_db)
    settings = settings_of(parse(["--extractor", extractor, "--psnr", link], None), 16)
    assert settings == chosen_settings(extractor, psnr_db)
    assert (settings.extraction.extractor, settings.encoding.psnr_db) == (extractor, psnr_db)


def test_an_option_replaces_only_its_own_setting() -> None:
    settings = settings_of(parse(["--extractor", "linear", "--rates", "1e-3", "2e-3", "3e-3"], None), 16)
    base = chosen_settings("linear")
    assert settings.encoding.encode == base.encoding.encode.model_copy(update={"learning_rate": 2e-3})
    assert settings.encoding.rate_beta == base.encoding.rate_beta


def test_views_overlap_only_if_the_option_is_given() -> None:
    assert settings_of(parse([], None), 16).overlap == 0
    assert settings_of(parse(["--overlap", "0.5"], None), 16).overlap == 0.5


def test_an_unknown_extractor_is_named() -> None:
    with pytest.raises(ConfigError, match="cubic"):
        settings_of(parse(["--extractor", "cubic"], None), 16)
