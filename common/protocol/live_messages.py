"""The messages of live queries: their answers, and the models that encode and decode them. Plain data, no encoding."""

from dataclasses import dataclass
from enum import IntEnum

from splitwave.common.protocol.arrays import Float32
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.timing import Stamps
from splitwave.common.tasks.task import Answers


class Outcome(IntEnum):
    """The outcome of one link's part of a live query; the numbers are those of the wire."""

    ANSWERED = 1
    TOO_FEW_LINKS = 2
    LATE = 3
    DUPLICATE = 4
    FORGOTTEN = 5

    @property
    def has_answer(self) -> bool:
        """Whether an answer comes with it."""
        return self in (Outcome.ANSWERED, Outcome.LATE)


@dataclass(frozen=True, slots=True)
class QueryAnswer:
    """The outcome of one link's part of a live query, with the answer if there is one.

    Attributes:
        key: of the query.
        outcome: with an answer or without.
        stamps: the times of this link's part on its way; zero where it did not come.
        answers: (1,) or (1, D), the answer; None without one.
        links: those whose symbols the answer was computed from, ascending.
        probabilities: (classes,) float32 for a task that answers classes; else None.
        betas: by link, the β of its part; empty unless the networks are β-conditioned.
        psnr_db: by link, the PSNR of the channel that the parts came over; the settings' for a link that is not in.
        model: number of the model that decoded it; 0 without an answer.
        channel_versions: by link, `LiveChannel.version` of its part; empty if all are 0.
    """

    key: BlockKey
    outcome: Outcome
    stamps: Stamps
    answers: Answers | None = None
    links: tuple[int, ...] = ()
    probabilities: Float32 | None = None
    betas: tuple[float, ...] = ()
    psnr_db: tuple[float, ...] = ()
    model: int = 0
    channel_versions: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ModelChunk:
    """A piece of a file of the device's part of a model; see `common.records.model_folder`.

    Attributes:
        number: of the model at this base station.
        version: of the model.
        file: its name in the folder of the part.
        file_bytes: size of the whole file.
        data: the next bytes of the file.
        last: whether the model is complete with this piece.
    """

    number: int
    version: str
    file: str
    file_bytes: int
    data: bytes
    last: bool


@dataclass(frozen=True, slots=True)
class ModelReady:
    """The device can encode queries with this model, or gives the reason why it cannot."""

    number: int
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class UseModel:
    """Encode later queries with this model, which the device has said to be ready."""

    number: int


@dataclass(frozen=True, slots=True)
class Reencode:
    """Send the part of an unanswered query again, encoded with this model."""

    key: BlockKey
    model: int
