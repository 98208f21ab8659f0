"""Works on several parts at a time, a thread each: a decoder's large matrices leave no other way that is as quick.

Threads within one operation wait for each other at its end, a few dozen times a block, and spin meanwhile on cores that
other processes need; shards wait once.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TypeVar

import torch

Part = TypeVar("Part")
Result = TypeVar("Result")


class Shards:
    """So many threads, of which the caller's is one; each has its own torch threads."""

    def __init__(self, count: int, torch_threads: int) -> None:
        """Args: how many parts at a time; threads that one torch operation of each may use."""
        self._count = count
        self._others = None
        if count > 1:
            self._others = ThreadPoolExecutor(count - 1, "shard", torch.set_num_threads, (torch_threads,))

    def bounds(self, samples: int) -> list[slice]:
        """Cuts so many samples into parts that differ by one at most, none of them empty."""
        parts = min(self._count, samples)
        return [slice(samples * part // parts, samples * (part + 1) // parts) for part in range(parts)]

    def map(self, work: Callable[[Part], Result], parts: Sequence[Part]) -> list[Result]:
        """`work` of each part, in their order, however threads were scheduled: thread n has each count-th from n on."""
        count = min(self._count, len(parts))
        if self._others is None or count < 2:
            return [work(part) for part in parts]

        def share(number: int) -> list[Result]:
            return [work(part) for part in parts[number::count]]

        rest = [self._others.submit(share, number) for number in range(1, count)]
        try:
            shares = [share(0)]
        finally:
            wait(rest)  # nobody is at work when this returns, or raises
        shares += [future.result() for future in rest]
        return [shares[number % count][number // count] for number in range(len(parts))]
