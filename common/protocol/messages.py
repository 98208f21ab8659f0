"""The messages that go up and down between a device and the base station, as plain data without their encoding.

Shapes: B samples, d features, L noise draws.
"""

from dataclasses import dataclass

from splitwave.common.protocol.arrays import Float32
from splitwave.common.protocol.blocks import BlockKey, SymbolBlock
from splitwave.common.protocol.link_setting import LinkSetting
from splitwave.common.protocol.live_messages import ModelChunk, ModelReady, QueryAnswer, Reencode, UseModel
from splitwave.common.protocol.phases import Phase, Symbols
from splitwave.common.protocol.reports import EpochReport, PassReport
from splitwave.common.protocol.timing import Hop, Stamps
from splitwave.common.protocol.workload import Workload
from splitwave.common.tasks.task import Answers
from splitwave.common.wire_dtype import WireDtype, rounded

PROTOCOL_VERSION = 7


@dataclass(frozen=True, slots=True)
class Hello:
    """A device's first message: its identity and limits, its protocol version, and the link that it requests.

    A device that asks for no link and comes back under the same `device_id` is given its link again.

    Attributes:
        software: version of the package and, of a live device, the kind of its encoder; for logs.
        model_version: of a live device, which submits samples of its own: the model that it has, empty without any;
            None for a device that takes part in a run.
    """

    protocol_version: int
    device_id: str
    software: str
    link: int | None
    max_dimension: int
    model_version: str | None = None


@dataclass(frozen=True, slots=True)
class Ready:
    """The device has its data and its encoder."""

    train_samples: int
    test_samples: int
    data_digest: str


@dataclass(frozen=True, slots=True)
class PartSaved:
    """The device's part of a checkpoint is on its disk."""

    step: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Leaving:
    """The device cannot go on, and gives the reason before it leaves."""

    reason: str


@dataclass(frozen=True, slots=True)
class Welcome:
    """The lease of a link and the run's settings; `restore_sha256` asks for a checkpoint part, not fresh weights.

    With `resume_step` that part was kept after so many training steps, and the device goes on training there. A second
    Welcome on the same stream starts the run over. To a live device it names the model in use.
    """

    protocol_version: int
    run_id: str
    link: int
    settings_json: str
    restore_sha256: str | None
    resume_step: int | None = None
    model_number: int = 0
    model_version: str = ""


@dataclass(frozen=True, slots=True)
class TrainStep:
    """Step `step`, counted over the run from 0, begins."""

    step: int


@dataclass(frozen=True, slots=True)
class Gradient:
    """The answer to a training block: ∂d/∂ẑ of the task's loss, (L, B, d) float32; (1, B, d) behind the adjoint.

    Attributes:
        dtype: in which it travels; the values are rounded to it.
    """

    key: BlockKey
    values: Float32
    dtype: WireDtype = "float32"

    @classmethod
    def rounded(cls, key: BlockKey, values: Float32, dtype: WireDtype) -> "Gradient":
        """The gradient as it arrives."""
        return cls(key, rounded(values, dtype), dtype)


@dataclass(frozen=True, slots=True)
class Evaluate:
    """A pass over the data that `phase` names begins; `step` is as in `BlockKey`. Only load passes have a workload."""

    phase: Phase
    step: int
    symbols: Symbols
    workload: Workload | None = None


@dataclass(frozen=True, slots=True)
class Prediction:
    """The base station's answers to a block that is not of training, and where its time went.

    Attributes:
        answers: one for each sample.
        hops: for serving passes.
        stamps: for load passes, and no others.
        links: those whose symbols the answers were computed from, ascending; empty for all links of the run.
    """

    key: BlockKey
    answers: Answers
    hops: tuple[Hop, ...] = ()
    stamps: Stamps | None = None
    links: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class SaveCheckpoint:
    """Write the part of the checkpoint that follows `step` training steps.

    Attributes:
        keep_from: asks for a training part, which has the optimiser's state, too, and is written while training goes
            on; those of earlier steps than this are of no use any more. None asks for the weights alone.
    """

    step: int
    keep_from: int | None = None


@dataclass(frozen=True, slots=True)
class Finish:
    """The run is over; the device may leave."""


@dataclass(frozen=True, slots=True)
class SetLink:
    """The setting of the link's queries, from the next one on; it replaces all of the one before."""

    setting: LinkSetting


Uplink = Hello | Ready | SymbolBlock | EpochReport | PassReport | PartSaved | ModelReady | Leaving
Downlink = (
    Welcome
    | TrainStep
    | Gradient
    | Evaluate
    | Prediction
    | SaveCheckpoint
    | Finish
    | SetLink
    | QueryAnswer
    | ModelChunk
    | UseModel
    | Reencode
)
