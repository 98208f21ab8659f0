"""A process of its own that carries functions out, one at a time, in its main thread."""

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
    """Awaits the outcome of functions that run elsewhere; what they keep in their module stays there."""

    def __init__(self, process: BaseProcess, connection: Connection) -> None:
        self._process = process
        self._connection = connection

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self._process.pid is not None
        return self._process.pid

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The outcome of a module's function.

        Raises:
            RunFailedError: the process died.
            Exception: what the function raised; a RunFailedError that tells of it if it does not pickle.
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
        """Stop it, by SIGTERM if it is at work."""
        self._process.terminate()
        await asyncio.to_thread(self._process.join, _END_LIMIT_S)
        if self._process.is_alive():
            self._process.kill()
            await asyncio.to_thread(self._process.join)
        self._connection.close()


@asynccontextmanager
async def worker_process() -> AsyncIterator[WorkerProcess]:
    """A fresh process, for the body of the `with`. It is spawned, not forked: gRPC's threads survive no fork."""
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
        except Exception as error:  # it is raised again where the outcome is awaited
            answer = (False, _portable(error))
        connection.send(answer)


def _portable(error: Exception) -> Exception:
    """The exception, or, of one that does not survive pickling, its type, text and traceback."""
    try:
        came = pickle.loads(pickle.dumps(error))
    except Exception:  # an exception's own constructor or state may raise anything
        came = None
    if type(came) is type(error):
        return error
    return RunFailedError(f"{type(error).__name__}: {error}\n{''.join(traceback.format_exception(error))}".rstrip())
