"""Runs the parties of a competitor in processes of their own, and ends all of them when one fails or time is up."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TypeVar

from splitwave.benchmarks.load.worker_process import WorkerProcess, worker_process
from splitwave.benchmarks.peers.job import PeerJob
from splitwave.common.errors import RunFailedError

T = TypeVar("T")


@asynccontextmanager
async def within(job: PeerJob) -> AsyncIterator[None]:
    """Limit the time of a job.

    Raises:
        RunFailedError: it is not done after `job.limit_s`.
    """
    try:
        async with asyncio.timeout(job.limit_s):
            yield
    except TimeoutError:
        raise RunFailedError(f"not done after {job.limit_s:g} s") from None


@asynccontextmanager
async def party_processes(count: int) -> AsyncIterator[list[WorkerProcess]]:
    """Start a process for each party, and stop all of them when the context ends."""
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(worker_process()) for _ in range(count)]


async def together(*parties: Coroutine[object, object, T]) -> list[T]:
    """Await all parties at the same time.

    Raises:
        Exception: the first that a party raised, rather than a lost connection to it; no other party is awaited then.
    """
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(party) for party in parties]
    except ExceptionGroup as errors:
        raise min(errors.exceptions, key=lambda error: isinstance(error, ConnectionError)) from None
    return [task.result() for task in tasks]
