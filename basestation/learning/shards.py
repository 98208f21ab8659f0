"""Works on several parts of a block at a time, each in a thread.

The threads within one torch operation wait for each other at its end, a few dozen times a block, and spin meanwhile on
cores that other processes need; shards wait once.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TypeVar

import torch

Part = TypeVar("Part")
Result = TypeVar("Result")


class Shards:
    """A fixed number of threads, the caller's included; each has its own torch threads."""

    def __init__(self, count: int, torch_threads: int) -> None:
        """Args: how many parts are worked on at a time; how many threads one torch operation of each may use."""
        self._count = count
        self._others = None
        if count > 1:
            self._others = ThreadPoolExecutor(count - 1, "shard", torch.set_num_threads, (torch_threads,))

    def bounds(self, samples: int) -> list[slice]:
        """Cut a number of samples into parts whose sizes differ by one at most; none is empty."""
        parts = min(self._count, samples)
        return [slice(samples * part // parts, samples * (part + 1) // parts) for part in range(parts)]

    def map(self, work: Callable[[Part], Result], parts: Sequence[Part]) -> list[Result]:
        """The result of `work` for each part, in their order; thread n takes part n and each `count`-th after it."""
        count = min(self._count, len(parts))
        if self._others is None or count < 2:
            return [work(part) for part in parts]

        def share(number: int) -> list[Result]:
            return [work(part) for part in parts[number::count]]

        rest = [self._others.submit(share, number) for number in range(1, count)]
        try:
            shares = [share(0)]
        finally:
            wait(rest)  # no thread is at work when this returns or raises
        shares += [future.result() for future in rest]
        return [shares[number % count][number // count] for number in range(len(parts))]
