"""The thread that torch works in, so that the event loop is never blocked by a computation."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Self, TypeVar, TypeVarTuple, Unpack

import torch

from splitwave.common.runtime.urgency import be_patient

Arguments = TypeVarTuple("Arguments")
Result = TypeVar("Result")


def _begin(torch_threads: int) -> None:
    be_patient()  # messages from and to the devices go first
    torch.set_num_threads(torch_threads)


class Compute:
    """One worker thread, as a context; it does one piece of work after the other."""

    def __init__(self, torch_threads: int) -> None:
        """Args: threads that one torch operation may use."""
        self._executor = ThreadPoolExecutor(1, "torch", _begin, (torch_threads,))

    def __enter__(self) -> Self:
        """The thread starts with its first piece of work."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Wait for the work under way."""
        self._executor.shutdown()

    async def __call__(self, work: Callable[[Unpack[Arguments]], Result], *arguments: *Arguments) -> Result:
        """The result of `work(*arguments)`."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, work, *arguments)
