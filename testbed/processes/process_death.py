"""What the death of a testbed's process means: which one is to blame, and the error that says so."""

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
    SplitwaveError,
    UnreachableError,
)
from splitwave.common.exit_codes import ExitCode
from splitwave.common.files.full_disk import has_no_space
from splitwave.testbed.processes.log_tail import final_error, last_lines

LOG_LINES = 15

_ERRORS: dict[int, type[SplitwaveError]] = {
    error.exit_code: error
    for error in (ConfigError, DataError, AddressError, UnreachableError, ProtocolError, CheckpointError, DiskFullError)
}
# A process that ends with one of these tells of a peer it lost.
_TELLS_OF_ANOTHER = frozenset({ExitCode.RUN_FAILED, ExitCode.UNREACHABLE})


class Child(Protocol):
    """A process, or a container: its name in the testbed, and the file with its output."""

    @property
    def role(self) -> str: ...

    @property
    def log(self) -> Path: ...


@dataclass(frozen=True, slots=True)
class Death:
    """A process that ended before it was told to."""

    child: Child
    exit_code: int

    @property
    def is_cause(self) -> bool:
        """Whether it died of something of its own, not of the loss of a peer."""
        return self.exit_code not in _TELLS_OF_ANOTHER

    def error(self) -> SplitwaveError:
        """The error of the process's own words, if it had any; else how it ended and the last lines of its log."""
        kind = _ERRORS.get(self.exit_code, RunFailedError)
        ended = f"{self.child.role} {describe(self.exit_code)}"
        if (cause := final_error(self.child.log, LOG_LINES)) is not None:
            return kind(f"{cause} ({ended})")
        lines = last_lines(self.child.log, LOG_LINES) or ["(its log is empty)"]
        if has_no_space(self.child.log.parent):
            lines.append(
                f"(the disk that holds {self.child.log.parent} has no space left: its log may lack what it said)"
            )
        return kind("\n  ".join([f"{ended}; its last words:", *lines]))


def describe(exit_code: int) -> str:
    """How a process ended, from asyncio's exit code (negative for a signal)."""
    if exit_code < 0:
        names = {int(number): number.name for number in signal.Signals}
        return f"was killed by {names.get(-exit_code, f'signal {-exit_code}')}"
    if exit_code == ExitCode.OK:
        return "left before the run was over"
    names = {int(code): code.name for code in ExitCode}
    return f"ended with exit code {exit_code}" + (f" ({names[exit_code]})" if exit_code in names else "")


def to_blame(deaths: Sequence[Death]) -> Death:
    """The death that explains the others, which are in the order they happened.

    It is the first that is a cause: a failure before a leaving, for those who leave after the run do no harm.
    If every process only tells of a loss, the base station says best which link was lost and why.
    """
    return min(deaths, key=_innocence)


def _innocence(death: Death) -> tuple[bool, bool, bool]:
    only_tells = not death.is_cause
    return only_tells, death.exit_code == ExitCode.OK, only_tells and not death.child.role.startswith("basestation")
