"""A source that a test feeds, and the samples to feed."""

import threading
from collections.abc import Iterator
from queue import SimpleQueue

import numpy as np

from splitwave.common.protocol.arrays import Float32
from tests.limits import LIMIT_S


def sample(place: int) -> Float32:
    one: Float32 = np.eye(10, dtype=np.float32)[place]
    return one


class FedSource(Iterator[object]):
    """A source that gives what `feed` was called with; None ends it. `asked` counts the reads."""

    def __init__(self) -> None:
        self._items: SimpleQueue[object] = SimpleQueue()
        self._read = threading.Semaphore(0)

    def feed(self, *items: object) -> None:
        for item in items:
            self._items.put(item)

    def __next__(self) -> object:
        self._read.release()
        if (item := self._items.get()) is None:
            raise StopIteration
        return item

    def wait_for_reads(self, count: int) -> None:
        for _ in range(count):
            assert self._read.acquire(timeout=LIMIT_S)
