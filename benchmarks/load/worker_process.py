"""Runs functions in a separate process, one at a time, in its main thread."""

import asyncio
import multiprocessing
import pickle
import traceback
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import ParamSpec, TypeVar

from splitwave.common.errors import RunFailedError

P = ParamSpec("P")
T = TypeVar("T")

_END_LIMIT_S = 10.0


class WorkerProcess:
    """A handle to run functions in another process; the state of modules in that process persists between calls."""

    def __init__(self, process: BaseProcess, connection: Connection) -> None:
        self._process = process
        self._connection = connection

    @property
    def pid(self) -> int:
        """The process id."""
        assert self._process.pid is not None
        return self._process.pid

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a module-level function in the process and return its result.

        Raises:
            RunFailedError: the process ended, or the function raised an exception that cannot be pickled.
            Exception: any other exception that the function raised.
        """
        self._connection.send((function, args, kwargs))
        try:
            succeeded, outcome = await asyncio.to_thread(self._connection.recv)
        except EOFError:
            raise RunFailedError(f"the process of {function.__module__}.{function.__name__} died") from None
        if not succeeded:
            raise outcome
        result: T = outcome
        return result

    async def end(self) -> None:
        """Stop the process with SIGTERM, and with SIGKILL if it does not end in time."""
        self._process.terminate()
        await asyncio.to_thread(self._process.join, _END_LIMIT_S)
        if self._process.is_alive():
            self._process.kill()
            await asyncio.to_thread(self._process.join)
        self._connection.close()


@asynccontextmanager
async def worker_process() -> AsyncIterator[WorkerProcess]:
    """Spawn a new process (gRPC does not survive a fork), and stop it when the context ends."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs,), daemon=True)
    process.start()
    theirs.close()
    worker = WorkerProcess(process, ours)
    try:
        yield worker
    finally:
        await worker.end()


def _serve(connection: Connection) -> None:
    while True:
        try:
            function, args, kwargs = connection.recv()
        except EOFError:
            return
        try:
            answer = (True, function(*args, **kwargs))
        except Exception as error:  # raised again in the process that awaits the result
            answer = (False, _portable(error))
        connection.send(answer)


def _portable(error: Exception) -> Exception:
    """Return the exception if it can be pickled, else a RunFailedError with its type, text and traceback."""
    try:
        restored = pickle.loads(pickle.dumps(error))
    except Exception:  # the exception's constructor or state may raise anything
        restored = None
    if type(restored) is type(error):
        return error
    return RunFailedError(f"{type(error).__name__}: {error}\n{''.join(traceback.format_exception(error))}".rstrip())
