from pathlib import Path

import pytest

from splitwave.common.errors import DataError
from splitwave.experiments.vddib_sr import shared
from splitwave.experiments.vddib_sr.extraction import Extraction, extract
from splitwave.experiments.vddib_sr.samples import Samples
from splitwave.experiments.vddib_sr.settings import EncodingSettings, ExtractionSettings, Schedule, Settings
from splitwave.experiments.vddib_sr.shared import SharedWork

BASE = Settings(
    data="mnist5k",
    validation=500,
    extraction=ExtractionSettings(extractor="linear", features=4, schedule=Schedule(epochs=1, batch_size=500)),
)


@pytest.fixture
def phases_1(monkeypatch: pytest.MonkeyPatch) -> list[Settings]:
    """A list that receives the settings of every phase 1 that is trained."""
    trained: list[Settings] = []

    def record(settings: Settings, train: Samples, validation: Samples) -> Extraction:
        trained.append(settings)
        return extract(settings, train, validation)

    monkeypatch.setattr(shared, "extract", record)
    return trained


def with_changes(**changes: object) -> Settings:
    return BASE.model_copy(update=changes)


def test_trainings_that_differ_in_phases_2_and_3_alone_share_phase_1(phases_1: list[Settings]) -> None:
    work = SharedWork(None)
    first = work.extraction(BASE)
    assert work.extraction(with_changes(encoding=EncodingSettings(bits=4, psnr_db=0.0))) is first
    assert len(phases_1) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 1},
        {"links": 4},
        {"overlap": 0.5},
        {"validation": 400},
        {"extraction": ExtractionSettings(extractor="linear", features=5, schedule=Schedule(epochs=1))},
    ],
)
def test_settings_that_affect_phase_1_are_not_shared(phases_1: list[Settings], change: dict[str, object]) -> None:
    work = SharedWork(None)
    first = work.extraction(BASE)
    assert work.extraction(with_changes(**change)) is not first
    assert work.extraction(BASE) is first
    assert len(phases_1) == 2


def test_only_the_latest_entries_are_kept(phases_1: list[Settings]) -> None:
    work = SharedWork(None, kept=2)
    for seed in (0, 1, 2, 1, 2, 0):
        work.extraction(with_changes(seed=seed))
    assert [settings.seed for settings in phases_1] == [0, 1, 2, 0]


def test_samples_are_read_once_for_different_trainings() -> None:
    work = SharedWork(None)
    other = with_changes(seed=5, extraction=ExtractionSettings(), encoding=EncodingSettings(bits=2))
    assert work.training(other) is work.training(BASE)
    assert work.test(other) is work.test(BASE)
    overlapping = work.test(with_changes(overlap=0.5))
    assert [view.shape[1] for view in overlapping.views] == [19 * 28] * 2
    assert [view.shape[1] for view in work.test(BASE).views] == [14 * 28] * 2


def test_data_are_read_from_the_given_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=tmp_path.name):
        SharedWork(tmp_path).training(with_changes(data="mnist"))
