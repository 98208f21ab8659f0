"""The record of one thing that was examined, and the circumstances that the checks take into account."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Outcome(StrEnum):
    """The importance of a finding."""

    OK = "ok"
    NOTE = "note"  # something is missing or unusual, and the commands work without it
    FAILED = "FAILED"  # a command would fail


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was examined.

    Attributes:
        name: a short name, unique in its group.
        value: the version, path or state that was found.
        remedy: the next step of the user, if the outcome is not OK.
    """

    name: str
    value: str
    outcome: Outcome = Outcome.OK
    remedy: str | None = None


def note(name: str, value: str, remedy: str | None = None) -> Finding:
    """Return a finding that the commands work with."""
    return Finding(name, value, Outcome.NOTE, remedy)


def failed(name: str, value: str, remedy: str) -> Finding:
    """Return a finding that makes a command fail."""
    return Finding(name, value, Outcome.FAILED, remedy)


@dataclass(frozen=True, slots=True)
class Circumstances:
    """The options of `splitwave doctor`.

    Attributes:
        data_dir: folder with the data sets, as the user gave it.
        results: folder that holds all results.
        needs_docker: whether missing Docker is a failure rather than a note.
    """

    data_dir: Path | None
    results: Path
    needs_docker: bool = False


Check = Callable[[Circumstances], Iterable[Finding]]
