"""What a results folder keeps of a run while it goes on."""

import resource
from pathlib import Path

import pytest

from splitwave.common.records.results import EpochRecord
from splitwave.common.tasks.classification import Classification
from splitwave.testbed.engine import Progress, StartedOver, Usage
from splitwave.testbed.results.metrics import read_epochs
from splitwave.testbed.results.run_record import RunRecord

TASK = Classification(10)


def epoch(number: int, distortion: float = 1.0) -> EpochRecord:
    return EpochRecord(number, 16 * (number + 1), distortion, (20.0,), 0.5, None, 100.0, 1.0)


@pytest.fixture
def metrics(tmp_path: Path) -> Path:
    return tmp_path / "metrics.jsonl"


def test_epochs_are_kept_in_their_order(metrics: Path) -> None:
    record = RunRecord(metrics, TASK)
    for event in (epoch(0), Progress("training", 1, 2, 20, 32), epoch(1)):
        record(event)

    assert read_epochs(metrics, TASK) == [epoch(0), epoch(1)]


def test_a_run_that_starts_over_is_kept_from_its_new_start(metrics: Path) -> None:
    record = RunRecord(metrics, TASK)
    for event in (epoch(0, 3.0), epoch(1, 2.0), epoch(0), epoch(1)):
        record(event)

    assert read_epochs(metrics, TASK) == [epoch(0), epoch(1)]


def test_usage_is_told_a_container(metrics: Path) -> None:
    record = RunRecord(metrics, TASK)
    record(Usage("channel-1", cpu_s=1.23456, memory_peak_bytes=3 << 19, network_rx_bytes=7, network_tx_bytes=8))

    assert record.summary() == {
        "containers": {
            "channel-1": {"cpu_s": 1.235, "memory_peak_mib": 1.5, "network_rx_bytes": 7, "network_tx_bytes": 8}
        }
    }


def test_a_run_that_was_disturbed_says_how_often(metrics: Path) -> None:
    record = RunRecord(metrics, TASK)
    for reason in ("a link was lost", "the base station was lost"):
        record(StartedOver(reason))

    assert record.summary() == {"restarts": 2}


def test_an_undisturbed_run_of_an_engine_that_tells_no_usage_adds_nothing(metrics: Path) -> None:
    assert RunRecord(metrics, TASK).summary() == {}


def test_how_far_a_run_came_is_told_by_its_last_report(metrics: Path) -> None:
    record = RunRecord(metrics, TASK)
    for event in (epoch(0), Progress("training", 1, 2, 20, 32), Progress("stopping", 0, 0, 0, 0)):
        record(event)

    assert (record.epochs, record.steps_done, record.steps) == (1, 20, 32)


def test_an_epoch_that_cannot_be_written_leaves_those_before_it_readable(metrics: Path) -> None:
    record = RunRecord(metrics, TASK)
    record(epoch(0))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (metrics.stat().st_size + 10, before[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            record(epoch(1))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    assert read_epochs(metrics, TASK) == [epoch(0)]
