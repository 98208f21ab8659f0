"""One process of a testbed, with a log file, a lifeline pipe and, for servers, an announced address."""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from splitwave.common.config.setting_names import ENVIRONMENT_PREFIX

_LISTEN = "--listen="


@dataclass(frozen=True, slots=True)
class ChildCommand:
    """The way in which a service is started.

    Attributes:
        role: its name in the testbed: "basestation", "channel", "device-0", …
        arguments: the arguments after `python -m`.
        log: file for standard output and error.
        lifeline: read end of a pipe, used as standard input; the process exits when the last writer is gone.
        announces: whether to pass `--ready-fd`, to which the process writes its address.
        finishes: whether exit code 0 before the end of the testbed is no failure.
        again: further arguments of a process that is started again.
    """

    role: str
    arguments: Sequence[str]
    log: Path
    lifeline: int
    announces: bool = False
    finishes: bool = False
    again: Sequence[str] = ()


class Child:
    """A service of a testbed: one process, or several of them after each other.

    Attributes:
        ready: set while the process serves; only if it announces its address.
    """

    def __init__(self, command: ChildCommand) -> None:
        """Args: how to start it; nothing has been started yet."""
        self._command = command
        self._process: asyncio.subprocess.Process | None = None
        self._address: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._announcing: asyncio.Task[None] | None = None
        self.ready = asyncio.Event()

    @property
    def role(self) -> str:
        """The name in the testbed."""
        return self._command.role

    @property
    def finishes(self) -> bool:
        """Whether exit code 0 before the end of the testbed is no failure."""
        return self._command.finishes

    @property
    def log(self) -> Path:
        """The file with the standard output and error of all its processes."""
        return self._command.log

    @property
    def pid(self) -> int:
        """The id of the process, which is the last one."""
        return self._running.pid

    @property
    def is_running(self) -> bool:
        """Whether the process has not ended."""
        return self._running.returncode is None

    async def start(self) -> None:
        """Start the process, or another in its place: a server then takes the port that it announced first."""
        command, again = self._command, self._process is not None
        read_fd, write_fd = os.pipe() if command.announces else (None, None)
        ready = () if write_fd is None else (write_fd,)
        arguments = [*self._arguments(again), *(f"--ready-fd={fd}" for fd in ready)]
        try:
            with command.log.open("ab" if again else "wb") as output:
                self._process = await asyncio.create_subprocess_exec(
                    # -P: a folder `device` in the user's current directory must not shadow our module.
                    *(sys.executable, "-P", "-m", *arguments),
                    stdin=command.lifeline,
                    stdout=output,
                    stderr=output,
                    pass_fds=ready,
                    env=_without_settings(os.environ),
                    # Ctrl-C in the terminal reaches only the command line, which stops its children.
                    start_new_session=True,
                )
        finally:
            if write_fd is not None:
                os.close(write_fd)
        if read_fd is not None:
            self._announcing = asyncio.create_task(self._read_address(read_fd))

    async def address(self) -> str:
        """Wait until the child announces its HOST:PORT; empty if it ends before it does, and is not started again."""
        return await asyncio.shield(self._address)

    async def exited(self) -> int:
        """Wait for the end of the process and return its exit code; negative for the signal that killed it."""
        process = self._running
        code = await process.wait()
        if process is self._process:
            self.ready.clear()
        return code

    def give_up(self) -> None:
        """It ended for good: nobody need wait for its address."""
        if not self._address.done():
            self._address.set_result("")

    def terminate(self) -> None:
        """Send SIGTERM, upon which a service drains and exits."""
        if self.is_running:
            self._running.terminate()

    def keep_and_stop(self) -> None:
        """Send SIGUSR1, upon which a base station ends after a checkpoint at the next step boundary."""
        if self.is_running:
            self._running.send_signal(signal.SIGUSR1)

    def kill(self) -> None:
        """Send SIGKILL."""
        if self.is_running:
            self._running.kill()

    @property
    def _running(self) -> asyncio.subprocess.Process:
        assert self._process is not None
        return self._process

    def _arguments(self, again: bool) -> list[str]:
        if not again:
            return list(self._command.arguments)
        bound = self._address.result() if self._address.done() else ""
        arguments = [
            f"{_LISTEN}{bound}" if bound and each.startswith(_LISTEN) else each for each in self._command.arguments
        ]
        return [*arguments, *(each for each in self._command.again if each not in arguments)]

    async def _read_address(self, ready_fd: int) -> None:
        reader = asyncio.StreamReader()
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(ready_fd)
        )
        try:
            address = (await reader.readline()).decode().strip()
        finally:
            transport.close()
        if address:
            self.ready.set()
            if not self._address.done():
                self._address.set_result(address)


def _without_settings(environment: Mapping[str, str]) -> dict[str, str]:
    # The resolved config already includes settings from the environment; read again, they would override `--set`.
    return {name: value for name, value in environment.items() if not name.startswith(ENVIRONMENT_PREFIX)}
