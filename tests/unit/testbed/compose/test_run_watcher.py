"""A watcher passes on each epoch once, also where the base station was restarted."""

from splitwave.common.records.results import EpochRecord
from splitwave.testbed.compose.run_watcher import each_epoch_once
from splitwave.testbed.engine import Event, StartedOver

LOST = StartedOver("the base station was lost")


def epoch(number: int) -> EpochRecord:
    return EpochRecord(number, 16 * (number + 1), 1.5, (20.0,), 0.5, None, 100.0, 1.0)


def test_epochs_that_a_base_station_reports_again_are_passed_on_once() -> None:
    seen: list[Event] = []
    observe = each_epoch_once(seen.append)

    for event in (epoch(0), epoch(1), LOST, epoch(0), epoch(1), epoch(2), LOST, epoch(0), epoch(1), epoch(2), epoch(3)):
        observe(event)

    assert seen == [epoch(0), epoch(1), LOST, epoch(2), LOST, epoch(3)]
