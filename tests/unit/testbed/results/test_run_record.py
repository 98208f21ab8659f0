"""The record of a run's events in its results folder."""

import resource
from pathlib import Path

import pytest

from splitwave.common.records.results import EpochRecord
from splitwave.common.tasks.classification import Classification
from splitwave.testbed.engine import Progress, Restarted, StartedOver, Usage
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


def test_after_a_restart_from_the_beginning_earlier_epochs_are_dropped(metrics: Path) -> None:
    record = RunRecord(metrics, TASK)
    for event in (epoch(0, 3.0), epoch(1, 2.0), epoch(0), epoch(1)):
        record(event)

    assert read_epochs(metrics, TASK) == [epoch(0), epoch(1)]


def test_the_usage_of_each_container_is_in_the_summary(metrics: Path) -> None:
    record = RunRecord(metrics, TASK)
    record(Usage("channel-1", cpu_s=1.23456, memory_peak_bytes=3 << 19, network_rx_bytes=7, network_tx_bytes=8))

    assert record.summary() == {
        "containers": {
            "channel-1": {"cpu_s": 1.235, "memory_peak_mib": 1.5, "network_rx_bytes": 7, "network_tx_bytes": 8}
        }
    }


def test_restarts_are_counted_in_the_summary(metrics: Path) -> None:
    record = RunRecord(metrics, TASK)
    for reason in ("a link was lost", "the base station was lost"):
        record(StartedOver(reason))

    assert record.summary() == {"restarts": 2}


def test_without_restarts_and_usage_the_summary_gets_no_entries(metrics: Path) -> None:
    assert RunRecord(metrics, TASK).summary() == {}


def test_the_progress_of_a_run_is_that_of_its_last_report(metrics: Path) -> None:
    record = RunRecord(metrics, TASK)
    for event in (epoch(0), Progress("training", 1, 2, 20, 32), Progress("stopping", 0, 0, 0, 0)):
        record(event)

    assert (record.epochs, record.steps_done, record.steps) == (1, 20, 32)


def test_an_epoch_that_cannot_be_written_keeps_earlier_epochs_readable(metrics: Path) -> None:
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


def test_after_a_restart_from_a_checkpoint_each_epoch_is_there_once(metrics: Path) -> None:
    record = RunRecord(metrics, TASK)
    for event in (epoch(0), epoch(1, 3.0), epoch(2, 2.0), StartedOver("the base station was lost"), epoch(1), epoch(2)):
        record(event)

    assert read_epochs(metrics, TASK) == [epoch(0), epoch(1), epoch(2)]
    assert record.epochs == 3


def test_processes_that_were_started_again_are_counted_by_their_name(metrics: Path) -> None:
    record = RunRecord(metrics, TASK)
    for part in ("device-0", "channel", "device-0"):
        record(Restarted(f"{part} was killed by SIGKILL; started again", part))

    assert record.restarted == {"device-0": 2, "channel": 1}
    assert record.summary() == {}
