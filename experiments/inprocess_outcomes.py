"""Reports of the loops of a run in one process: positions in its training, passes and their blocks."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from splitwave.common.protocol.arrays import Int64
from splitwave.common.protocol.blocks import SymbolBlock
from splitwave.common.protocol.reports import UplinkCost
from splitwave.common.records.results import EpochRecord
from splitwave.common.tasks.task import Answers, Targets


@dataclass(frozen=True, slots=True)
class Position:
    """A place between two steps of a training.

    Attributes:
        step: training steps behind it.
        epochs: the records of all finished epochs.
        sums: of the epoch under way, by name, with its `seconds` until now; empty between two epochs.
    """

    step: int = 0
    epochs: tuple[EpochRecord, ...] = ()
    sums: Mapping[str, float] = field(default_factory=dict)


Keep = Callable[[Position], None]
"""Is called between any two steps of a training, and may keep a checkpoint there."""


@dataclass(frozen=True, slots=True)
class PassOutcome:
    """The mean error of a pass's answers, and by link what the pass cost on the uplink."""

    error: float
    costs: tuple[UplinkCost, ...]


@dataclass(frozen=True, slots=True)
class AnsweredBlock:
    """A block of a pass: the symbols that each link sent, and (B,) answers and targets of its samples."""

    blocks: tuple[SymbolBlock, ...]
    answers: Answers
    targets: Targets


@dataclass(frozen=True, slots=True)
class ServingOutcome:
    """The times and the answers of a serving pass.

    Attributes:
        hop_times_ns: (queries · links, 3) int64: encode, emulate and decode times.
        answers_sha256: of all answers in order, as a base station logs it.
    """

    hop_times_ns: Int64
    answers_sha256: str
