"""One process of a testbed: started with a log file and a lifeline, asked for its address, ended."""

import asyncio
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from splitwave.common.config.setting_names import ENVIRONMENT_PREFIX


@dataclass(slots=True)
class Child:
    """A running service.

    Attributes:
        role: "basestation", "channel", "device-0", …
        finishes: whether it may end by itself, with exit code 0.
        log: file with its standard output and error.
    """

    role: str
    finishes: bool
    log: Path
    _process: asyncio.subprocess.Process
    _ready_fd: int | None = field(repr=False)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    async def address(self) -> str:
        """The HOST:PORT that it announces once it serves; empty if it ends without doing so.

        Ask once, and only a child that was started to announce itself.
        """
        assert self._ready_fd is not None
        pipe, self._ready_fd = os.fdopen(self._ready_fd), None
        reader = asyncio.StreamReader()
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), pipe
        )
        try:
            return (await reader.readline()).decode().strip()
        finally:
            transport.close()

    async def exited(self) -> int:
        """Its exit code, once it has one; negative for the signal that killed it."""
        return await self._process.wait()

    def terminate(self) -> None:
        """Ask it to drain and leave."""
        if self._process.returncode is None:
            self._process.terminate()

    def kill(self) -> None:
        """End it at once."""
        if self._process.returncode is None:
            self._process.kill()


async def start_child(
    role: str, arguments: Sequence[str], *, log: Path, lifeline: int, announces: bool, finishes: bool
) -> Child:
    """Start `python -m …` as a testbed's process.

    Args:
        role: its name.
        arguments: what follows `python -m`.
        log: file for its output.
        lifeline: read end of a pipe, its standard input; it leaves by itself when the last writer is gone.
        announces: it is told `--ready-fd`, to write its address to.
        finishes: whether it may end by itself, with exit code 0.
    """
    read_fd, write_fd = os.pipe() if announces else (None, None)
    ready = () if write_fd is None else (write_fd,)
    # -P: a folder `device` in the user's current directory must not be run in our module's place.
    # A session of its own: Ctrl-C in the terminal reaches the command line alone, which stops its children.
    command = [sys.executable, "-P", "-m", *arguments, *(f"--ready-fd={fd}" for fd in ready)]
    try:
        with log.open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=lifeline,
                stdout=output,
                stderr=output,
                pass_fds=ready,
                env=_without_settings(os.environ),
                start_new_session=True,
            )
    finally:
        if write_fd is not None:
            os.close(write_fd)
    return Child(role, finishes, log, process, read_fd)


def _without_settings(environment: Mapping[str, str]) -> dict[str, str]:
    # Settings in the environment are in the resolved config already; read again, they would beat `--set`.
    return {name: value for name, value in environment.items() if not name.startswith(ENVIRONMENT_PREFIX)}
