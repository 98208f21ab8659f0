"""A training by `splitwave train`, whose engine starts the parties again."""

import asyncio
import json
import os
import signal
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from splitwave.common.errors import RunFailedError, SplitwaveError
from splitwave.common.wire.pb import control_pb2 as pb
from splitwave.testbed.control_client import ask_status
from splitwave.testbed.processes.announcement import Announcement, running_testbeds
from tests.installed_command import ENVIRONMENT, SPLITWAVE

RUN_LIMIT_S = 3600.0
"""Time limit of a whole run, also on a busy machine."""


class Command:
    """A `splitwave train` under way.

    Attributes:
        results: its results folder.
        log: its output.
    """

    def __init__(self, process: Process, results: Path, log: Path) -> None:
        self._process = process
        self.results = results
        self.log = log

    @property
    def ended(self) -> bool:
        return self._process.returncode is not None

    async def weights_sha256(self) -> str:
        """Wait for its end, and read the summary.

        Raises:
            RunFailedError: it ended with an error.
            TimeoutError: it did not end.
        """
        try:
            async with asyncio.timeout(RUN_LIMIT_S):
                code = await self._process.wait()
        except TimeoutError:
            raise TimeoutError(f"splitwave train did not end within {RUN_LIMIT_S:g} s") from None
        if code:
            raise RunFailedError(
                f"splitwave train ended with exit code {code}:\n{self.log.read_text(encoding='utf-8')}"
            )
        (summary,) = self.results.glob("*/*/summary.json")
        return str(json.loads(summary.read_text(encoding="utf-8"))["weights_sha256"])


@asynccontextmanager
async def train(folder: Path, *arguments: str) -> AsyncIterator[Command]:
    """Run `splitwave train` with results below a folder, and end it with the context."""
    folder.mkdir(parents=True)
    log = folder / "output.log"
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            SPLITWAVE, "train", *arguments, f"--results={folder / 'results'}",
            stdout=output, stderr=output, env=ENVIRONMENT,
        )  # fmt: skip
    try:
        yield Command(process, folder / "results", log)
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()


class TrainingInProcesses:
    """See `Training`; the parties' process ids are those that the command announces."""

    def __init__(self, command: Command) -> None:
        self._command = command

    @property
    def parties(self) -> Sequence[str]:
        return ("basestation", "channel", "device-0", "device-1")

    @property
    def ended(self) -> bool:
        return self._command.ended

    async def status(self) -> pb.RunStatus | None:
        testbed = self._testbed()
        try:
            return None if testbed is None else await ask_status(testbed.basestation)
        except SplitwaveError:
            return None

    async def kill(self, party: str) -> bool:
        testbed = self._testbed()
        if testbed is None:
            return False
        try:
            os.kill(testbed.pids[party], signal.SIGKILL)
        except (KeyError, ProcessLookupError):
            return False
        return True

    async def weights_sha256(self) -> str:
        return await self._command.weights_sha256()

    def _testbed(self) -> Announcement | None:
        return next(iter(running_testbeds(self._command.results)), None)
