"""A party as a process that is started again whenever it ends, as a supervisor of a machine does.

Its process is forked from one that has imported everything, so that a start takes tenths of a second: a fault program
starts some hundreds of them. Apart from the imports, it is the same as that of `python -m splitwave.…`.
"""

import asyncio
import importlib
import multiprocessing
import os
import sys
from collections.abc import Sequence
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from tests.e2e.chaos.task_count import answer_task_counts, ask_task_count
from tests.limits import LIMIT_S

_FORKED = multiprocessing.get_context("forkserver")
_FORKED.set_forkserver_preload(
    [
        "splitwave.basestation.__main__",
        "splitwave.channel.__main__",
        "splitwave.device.__main__",
        "splitwave.device.session.training_devices",
    ]
)
_LIFELINE, _HELD = multiprocessing.Pipe(duplex=False)
"""Standard input of all parties, which end when it closes: none outlives the program, however that ends."""
_BACKOFF_S = 0.1
"""Seconds until a party that ended is started again."""


class ForkedParty:
    """A party that is kept running until `stop`.

    Attributes:
        address: HOST:PORT of a server, the same after each start; empty for a device.
        starts: how often it was started.
        over: set when a process of it has ended well.
    """

    def __init__(self, module: str, arguments: Sequence[str], log: Path, *, serves: bool) -> None:
        """Nothing runs yet.

        Args:
            module: of `splitwave`, with a `main`.
            arguments: of its command line.
            log: receives the standard error of all its processes.
            serves: whether it listens, and announces its address.
        """
        self._module = module
        self._arguments = tuple(arguments)
        self._log = log
        self._serves = serves
        self._process: ForkServerProcess | None = None
        self._task_counts: Connection | None = None
        self._keeping: asyncio.Task[None] | None = None
        self.address = ""
        self.starts = 0
        self.over = asyncio.Event()

    @property
    def pid(self) -> int | None:
        """The id of its process, None while there is none."""
        return None if self._process is None else self._process.pid

    def tasks(self) -> int:
        """The tasks of its event loops; 0 while there is no process."""
        try:
            return 0 if self._task_counts is None else ask_task_count(self._task_counts)
        except EOFError:
            return 0

    async def start(self) -> None:
        """Start it; a server serves on return."""
        await self._start()
        self._keeping = asyncio.create_task(self._keep_running())

    def kill(self) -> bool:
        """Send SIGKILL to its process; False if there is none at the moment."""
        if self._process is None or not self._process.is_alive():
            return False
        self._process.kill()
        return True

    async def stop(self) -> None:
        """Kill its process, for good."""
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.gather(self._keeping, return_exceptions=True)
        if self._process is not None:
            self._process.kill()
            await _exit_code(self._process)

    async def _start(self) -> None:
        announced, announce = multiprocessing.Pipe(duplex=False)
        with announced:
            with announce:
                self._process = self._fork(announce)
                self._process.start()
            self.starts += 1
            if self._serves:
                self.address = await _line(announced) or self.address

    def _fork(self, announce: Connection) -> ForkServerProcess:
        if not self._serves:
            return self._process_of(self._arguments, None)
        return self._process_of((*self._arguments, f"--listen={self.address or '127.0.0.1:0'}"), announce)

    def _process_of(self, arguments: Sequence[str], announce: Connection | None) -> ForkServerProcess:
        self._task_counts, questions = multiprocessing.Pipe()
        pipes = (_LIFELINE, announce, questions)
        return _FORKED.Process(target=_run, args=(self._module, arguments, self._log, *pipes), daemon=True)

    async def _keep_running(self) -> None:
        while True:
            assert self._process is not None
            if await _exit_code(self._process) == 0:
                self.over.set()
            self._process = None
            await asyncio.sleep(_BACKOFF_S)
            await self._start()


def _run(
    module: str,
    arguments: Sequence[str],
    log: Path,
    lifeline: Connection,
    announce: Connection | None,
    questions: Connection,
) -> None:
    """Be the party; this runs in its process."""
    answer_task_counts(questions)
    os.dup2(lifeline.fileno(), 0)
    sys.stdin = os.fdopen(0, closefd=False)
    with log.open("ab") as file:
        os.dup2(file.fileno(), sys.stderr.fileno())
    ready = [] if announce is None else [f"--ready-fd={announce.fileno()}"]
    sys.argv = [module, *arguments, "--lifeline", *ready]
    sys.exit(importlib.import_module(module).main())


async def _exit_code(process: ForkServerProcess) -> int | None:
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(process.sentinel, ended.set)
    try:
        await ended.wait()
    finally:
        loop.remove_reader(process.sentinel)
    process.join()
    return process.exitcode


async def _line(announced: Connection) -> str:
    """The line that a server writes when it serves; empty if it ends before that."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    file = os.fdopen(os.dup(announced.fileno()), "rb", buffering=0)
    transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), file)
    try:
        async with asyncio.timeout(LIMIT_S):
            return (await reader.readline()).decode().strip()
    finally:
        transport.close()
