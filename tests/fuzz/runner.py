"""Runs targets, counts what became of each input, and keeps those that a decoder did not survive."""

import hashlib
import random
import resource
import signal
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from splitwave.common.errors import ProtocolError, SplitwaveError
from tests.fuzz.target import Target

CORPUS = Path(__file__).parent / "corpus"
LIMIT_S = 20.0
"""Seconds after which a decoder counts as one that hangs."""


class HangError(Exception):
    """A decoder took longer than `LIMIT_S`."""


@dataclass
class Findings:
    """The outcome of a run of one target.

    Attributes:
        outcomes: how many inputs had each.
        crashes: by the last line of their traceback and where it was raised, an input.
        growth_bytes: of the process's resident memory, from a fifth of the inputs on.
        slowest_s: the longest time that one input took.
    """

    outcomes: Counter[str] = field(default_factory=Counter)
    crashes: dict[str, bytes] = field(default_factory=dict)
    growth_bytes: int = 0
    slowest_s: float = 0.0


def run_target(target: Target, inputs: int, seed: int) -> Findings:
    """Decode so many mutated inputs; equal seeds give equal inputs."""
    rng = random.Random(f"{seed} {target.name}")
    findings, resident = Findings(), 0
    for seed_input in target.seeds:
        decode(target, seed_input, findings)
    for number in range(inputs):
        if number == inputs // 5:
            resident = resident_bytes()
        decode(target, target.mutation(rng), findings)
    findings.growth_bytes = resident_bytes() - resident
    return findings


def decode(target: Target, data: bytes, findings: Findings) -> None:
    """Decode one input and count its outcome."""
    began_s = time.perf_counter()
    try:
        with warnings.catch_warnings(), _ending(LIMIT_S):
            warnings.simplefilter("error")  # a peer must not make a process print warnings
            target.decode(data)
        outcome = "decoded"
    except SplitwaveError as error:
        outcome = _outcome(error)
    except Exception as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        outcome = f"CRASH {type(error).__name__}"
        findings.crashes.setdefault(f"{outcome} in {where.name}, line {where.lineno}: {error}"[:200], data)
    findings.slowest_s = max(findings.slowest_s, time.perf_counter() - began_s)
    findings.outcomes[outcome] += 1


def corpus_of(name: str) -> list[bytes]:
    """The inputs that are kept for a target, in the order of their names."""
    folder = CORPUS / name
    return [path.read_bytes() for path in sorted(folder.iterdir())] if folder.is_dir() else []


def keep(name: str, crashes: Sequence[bytes]) -> None:
    """Add inputs to a target's folder in the corpus."""
    for data in crashes:
        folder = CORPUS / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)


def resident_bytes() -> int:
    """The largest resident memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10


def _outcome(error: SplitwaveError) -> str:
    if not str(error).strip():
        return "CRASH without a reason"
    if not isinstance(error, ProtocolError):
        return type(error).__name__
    return "not parsed (INVALID_ARGUMENT)" if "that are not a" in str(error) else f"refused ({error.refusal.name})"


@contextmanager
def _ending(limit_s: float) -> Iterator[None]:
    def end(_number: int, _frame: FrameType | None) -> None:
        raise HangError(f"not done after {limit_s:g} s")

    before: Callable[[int, FrameType | None], object] | int | None = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, limit_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
