"""Remarks on results that are no better than answers without the input."""

import dataclasses
import json
import math
from pathlib import Path

import numpy as np
import pytest

from splitwave.basestation.__main__ import _reporter
from splitwave.basestation.run.run_context import Labels
from splitwave.common.config.run_config import RunConfig
from splitwave.common.data.wifi_csi import WIFI_CSI
from splitwave.common.records.trivial_answers import remarks_on
from splitwave.common.tasks.classification import Classification
from splitwave.common.tasks.task import ChanceLevel
from tests.unit.common.records.test_summary import RESULT

CLASSES = Classification(10)
TIMES = WIFI_CSI.TASK


TEN_CLASSES = ChanceLevel(0.9, 0.02)


@pytest.mark.parametrize("error", [0.8801, 0.899, 0.9, 1.0])
def test_an_error_at_chance_level_gets_a_remark(error: float) -> None:
    remark = (
        f"the test error, {100 * error:.2f} %, is not clearly better than that of always answering "
        "the commonest class, 90.00 %"
    )
    assert remarks_on(CLASSES, error, TEN_CLASSES) == [remark]


def test_a_remark_on_propagation_times_is_in_metres() -> None:
    remark = (
        "the test error, 1.457e+15 m, is no better than that of always answering the mean of the training samples, "
        "8.367 m"
    )
    assert remarks_on(TIMES, 2.36157e31, ChanceLevel(779.0, 0.0)) == [remark]
    assert "nan" in str(remarks_on(TIMES, math.nan, ChanceLevel(779.0, 0.0)))


@pytest.mark.parametrize("chance", [TEN_CLASSES, None])
def test_a_better_result_and_a_result_without_a_chance_level_have_no_remarks(chance: ChanceLevel | None) -> None:
    assert remarks_on(CLASSES, 0.8799, chance) == []


@pytest.mark.parametrize(("error", "remarked"), [(0.75, True), (0.25, False)])
def test_the_summary_of_a_base_station_contains_the_remark(tmp_path: Path, error: float, remarked: bool) -> None:
    labels = Labels(np.arange(4, dtype=np.int64), np.arange(4, dtype=np.int64), "digest")
    report = _reporter(RunConfig(), labels, "run", tmp_path)

    report(dataclasses.replace(RESULT, error=error))

    assert ("remarks" in json.loads((tmp_path / "run.json").read_text())) is remarked
