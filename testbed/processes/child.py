"""One process of a testbed, with a log file, a lifeline pipe and, for servers, an announced address."""

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
        finishes: whether exit code 0 before the end of the testbed is no failure.
        log: file with its standard output and error.
    """

    role: str
    finishes: bool
    log: Path
    _process: asyncio.subprocess.Process
    _ready_fd: int | None = field(repr=False)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    async def address(self) -> str:
        """Wait until the child announces its HOST:PORT; empty if it ends before it does.

        May be called once, and only if the child was started with `announces`.
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
        """Wait for the end of the process and return its exit code; negative for the signal that killed it."""
        return await self._process.wait()

    def terminate(self) -> None:
        """Send SIGTERM, upon which a service drains and exits."""
        if self._process.returncode is None:
            self._process.terminate()

    def kill(self) -> None:
        """Send SIGKILL."""
        if self._process.returncode is None:
            self._process.kill()


async def start_child(
    role: str, arguments: Sequence[str], *, log: Path, lifeline: int, announces: bool, finishes: bool
) -> Child:
    """Start `python -m …` as a process of a testbed.

    Args:
        role: name of the process in the testbed.
        arguments: the arguments after `python -m`.
        log: file for standard output and error.
        lifeline: read end of a pipe, used as standard input; the process exits when the last writer is gone.
        announces: whether to pass `--ready-fd`, to which the process writes its address.
        finishes: whether exit code 0 before the end of the testbed is no failure.
    """
    read_fd, write_fd = os.pipe() if announces else (None, None)
    ready = () if write_fd is None else (write_fd,)
    # -P: a folder `device` in the user's current directory must not shadow our module.
    # A new session: Ctrl-C in the terminal reaches only the command line, which stops its children.
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
    # The resolved config already includes settings from the environment; read again, they would override `--set`.
    return {name: value for name, value in environment.items() if not name.startswith(ENVIRONMENT_PREFIX)}
