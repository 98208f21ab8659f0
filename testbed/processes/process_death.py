"""Explains why processes of a testbed ended: finds the root cause among several, and builds the error message."""

import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from splitwave.common.errors import (
    AddressError,
    CheckpointError,
    ConfigError,
    DataError,
    DiskFullError,
    ProtocolError,
    RunFailedError,
    RunStoppedError,
    SplitwaveError,
    UnreachableError,
)
from splitwave.common.exit_codes import ExitCode
from splitwave.common.files.full_disk import has_no_space
from splitwave.testbed.processes.log_tail import final_error, last_lines
from splitwave.testbed.processes.restarts import PEER_LOSS_CODES

LOG_LINES = 15

_ERRORS: dict[int, type[SplitwaveError]] = {
    error.exit_code: error
    for error in (
        ConfigError,
        DataError,
        AddressError,
        UnreachableError,
        ProtocolError,
        CheckpointError,
        DiskFullError,
        RunStoppedError,
    )
}


class Child(Protocol):
    """A process or a container, with its name in the testbed and the file with its output."""

    @property
    def role(self) -> str: ...

    @property
    def log(self) -> Path: ...


@dataclass(frozen=True, slots=True)
class Death:
    """A process that ended unexpectedly.

    Attributes:
        child: the process.
        exit_code: asyncio's; negative for the signal that killed it.
        restarts: how often it had been started again before.
    """

    child: Child
    exit_code: int
    restarts: int = 0

    @property
    def is_cause(self) -> bool:
        """Whether the process failed by itself, not because it lost a peer."""
        return self.exit_code not in PEER_LOSS_CODES

    def error(self) -> SplitwaveError:
        """Build the error: the process's own error message if it logged one, else the last lines of its log."""
        kind = _ERRORS.get(self.exit_code, RunFailedError)
        ended = f"{self.child.role} {describe(self.exit_code)}{self._history}"
        if (cause := self._logged_error) is not None:
            return kind(cause if kind is RunStoppedError else f"{cause} ({ended})")
        lines = last_lines(self.child.log, LOG_LINES) or ["(its log is empty)"]
        if has_no_space(self.child.log.parent):
            lines.append(
                f"(the disk that holds {self.child.log.parent} has no space left, so the log may be incomplete)"
            )
        return kind("\n  ".join([f"{ended}; the end of its log:", *lines]))

    @property
    def _history(self) -> str:
        if not self.restarts:
            return ""
        return f" after it had been started again {'once' if self.restarts == 1 else f'{self.restarts} times'}"

    @property
    def _logged_error(self) -> str | None:
        """The process's own error; one that was killed logged none, though another before it in its place may have."""
        return final_error(self.child.log, LOG_LINES) if self.exit_code >= 0 else None


def describe(exit_code: int) -> str:
    """Describe how a process ended, from asyncio's exit code (negative for a signal)."""
    if exit_code < 0:
        names = {int(number): number.name for number in signal.Signals}
        return f"was killed by {names.get(-exit_code, f'signal {-exit_code}')}"
    if exit_code == ExitCode.OK:
        return "exited before the run was over"
    names = {int(code): code.name for code in ExitCode}
    return f"ended with exit code {exit_code}" + (f" ({names[exit_code]})" if exit_code in names else "")


def root_cause(deaths: Sequence[Death]) -> Death:
    """Return the death that caused the others.

    This is the first process that failed by itself; a failure takes precedence over an exit with code 0. If all
    processes only report the loss of a peer, it is the base station, which reports best which link was lost and why.

    Args:
        deaths: at least one, in the order in which they happened.
    """
    return min(deaths, key=_cause_order)


def _cause_order(death: Death) -> tuple[bool, bool, bool]:
    lost_peer = not death.is_cause
    return lost_peer, death.exit_code == ExitCode.OK, lost_peer and not death.child.role.startswith("basestation")
