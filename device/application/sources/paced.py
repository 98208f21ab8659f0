"""Samples at a given rate, named by capture time where the application wants that."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from threading import Event

from splitwave.device.application.sample import Sample, SampleError


def limited(source: Iterable[object], count: int | None) -> Iterator[object]:
    """The first `count` items; all if it is None. No further item is asked for."""
    if count is None:
        yield from source
        return
    items = iter(source)
    for _ in range(count):
        try:
            item = next(items)
        except StopIteration:
            return
        yield item


def paced(source: Iterable[object], rate_hz: float, stop: Event) -> Iterator[object]:
    """The items at a rate, as far as the source is as fast; lost time is not made up for.

    Args:
        source: of any items.
        rate_hz: items a second.
        stop: ends the wait, and with it the items.
    """
    due_s = time.monotonic()
    for item in source:
        if stop.wait(max(0.0, due_s - time.monotonic())):
            return
        yield item
        due_s = max(due_s + 1 / rate_hz, time.monotonic())


def stamped(source: Iterable[object]) -> Iterator[object]:
    """The items with the time at which they were read as capture time, unless they have a name of their own.

    The time is that of the wall clock, which machines synchronise: no other clock is common to several devices.
    """
    for item in source:
        if isinstance(item, SampleError):
            yield item
            continue
        captured_ns = time.time_ns()
        try:
            sample = Sample.of(item)
        except SampleError as error:
            yield error
            continue
        own_name = sample.sequence is not None or sample.captured_ns is not None
        yield sample if own_name else replace(sample, captured_ns=captured_ns)
