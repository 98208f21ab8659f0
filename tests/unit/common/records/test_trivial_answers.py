"""The remark on a result that is no better than an answer without the input."""

import dataclasses
import json
import math
from pathlib import Path

import numpy as np
import pytest

from splitwave.basestation.__main__ import _reporter
from splitwave.basestation.run.run_context import Labels
from splitwave.common.config.run_config import RunConfig
from splitwave.common.data.catalog import task
from splitwave.common.data.dataset import Split, Targets
from splitwave.common.records.trivial_answers import ChanceLevel, chance_level, remarks_on
from splitwave.common.tasks.task import Classification
from tests.unit.common.records.test_summary import RESULT

CLASSES = Classification(10)
TIMES = task("wifi-csi")


def test_the_commonest_class_of_the_test_split_is_the_answer_without_a_picture() -> None:
    def labels(split: Split) -> Targets:
        assert split == "test"
        return np.array([3, 1, 3, 9, 3, 1, 0, 2], dtype=np.int64)

    level = chance_level(CLASSES, labels)

    assert level.error == 5 / 8
    assert level.margin == pytest.approx(2 * math.sqrt(5 / 8 * 3 / 8 / 8), rel=1e-12)


def test_the_mean_of_the_training_answers_is_the_time_without_a_measurement() -> None:
    answers: dict[Split, Targets] = {
        "train": np.array([10, 20, 60], dtype=np.float32),
        "test": np.array([30, 33, 21], dtype=np.float32),
    }

    level = chance_level(TIMES, answers.__getitem__)

    assert level.error == pytest.approx((0**2 + 3**2 + 9**2) / 3, rel=1e-12)
    assert level.margin == 0


TEN_CLASSES = ChanceLevel(0.9, 0.02)


@pytest.mark.parametrize("error", [0.8801, 0.899, 0.9, 1.0])
def test_an_error_of_chance_level_is_remarked_upon(error: float) -> None:
    remark = (
        f"the test error, {100 * error:.2f} %, is not clearly better than that of always answering "
        "the commonest class, 90.00 %"
    )
    assert remarks_on(CLASSES, error, TEN_CLASSES) == [remark]


def test_a_time_that_is_off_by_more_than_the_spread_is_remarked_upon_in_metres() -> None:
    remark = (
        "the test error, 1.457e+15 m, is no better than that of always answering the mean of the training samples, "
        "8.367 m"
    )
    assert remarks_on(TIMES, 2.36157e31, ChanceLevel(779.0, 0.0)) == [remark]
    assert "nan" in str(remarks_on(TIMES, math.nan, ChanceLevel(779.0, 0.0)))


@pytest.mark.parametrize("chance", [TEN_CLASSES, None])
def test_a_better_or_an_incomparable_result_has_no_remarks(chance: ChanceLevel | None) -> None:
    assert remarks_on(CLASSES, 0.8799, chance) == []


@pytest.mark.parametrize(("error", "remarked"), [(0.75, True), (0.25, False)])
def test_the_summary_that_a_base_station_writes_has_the_remark(tmp_path: Path, error: float, remarked: bool) -> None:
    labels = Labels(np.arange(4, dtype=np.int64), np.arange(4, dtype=np.int64), "digest")
    report = _reporter(RunConfig(), labels, "run", tmp_path)

    report(dataclasses.replace(RESULT, error=error))

    assert ("remarks" in json.loads((tmp_path / "run.json").read_text())) is remarked
