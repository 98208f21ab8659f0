"""The items of a source: as many as asked for, at a rate, and with capture times."""

from threading import Event

from splitwave.device.application.sample import Sample, SampleError
from splitwave.device.application.sources.paced import limited, paced, stamped


def test_a_limit_asks_for_no_further_item() -> None:
    items = iter(range(5))
    assert list(limited(items, 2)) == [0, 1]
    assert next(items) == 2
    assert list(limited([7], 3)) == [7]


def test_a_stop_ends_the_wait_of_a_slow_rate() -> None:
    stop = Event()
    items = paced(range(5), 1e-6, stop)
    assert next(items) == 0
    stop.set()
    assert list(items) == []


def test_capture_times_are_given_to_samples_without_a_name() -> None:
    named, errors = Sample(1, sequence=5), SampleError("bad")
    first, second, third, fourth = stamped([2, named, errors, {"y": 1}])
    assert isinstance(first, Sample)
    assert first.captured_ns is not None
    assert (second, third) == (named, errors)
    assert isinstance(fourth, SampleError)
