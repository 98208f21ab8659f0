"""The states of the protocol in which a party is killed: each is the moment before a message is forwarded."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from splitwave.common.records.training_manifest import TRAINING_MANIFEST_FILE, step_folder
from splitwave.common.wire.pb import uplink_pb2 as pb
from tests.e2e.chaos.message_proxy import Message

KEPT_STEP = 6
"""The step of the second training checkpoint."""

Matches = Callable[[Message], bool]
Counts = Callable[[str], int]


def body(name: str) -> Matches:
    return lambda message: message.WhichOneof("body") == name


def of_phase(name: str, phase: pb.Phase.ValueType) -> Matches:
    """Messages of this kind in this phase: their own, or that of their key."""

    def matches(message: Message) -> bool:
        if message.WhichOneof("body") != name:
            return False
        content = getattr(message, name)
        return bool((content.key.phase if hasattr(content, "key") else content.phase) == phase)

    return matches


def train_step(step: int) -> Matches:
    return lambda message: body("train_step")(message) and message.train_step.step == step  # type: ignore[union-attr]


def save(*, training: bool) -> Matches:
    return lambda message: (
        isinstance(message, pb.DownlinkMessage)
        and message.HasField("save_checkpoint")
        and message.save_checkpoint.HasField("keep_from") is training
    )


@dataclass(frozen=True)
class State:
    """A state, named in the table.

    Attributes:
        name: in the table.
        matches: the message that marks it.
        nth: which of these messages, counted over all streams of `link`.
        link: whose message it is.
        follows: another state, in which device-1 is killed first.
        holds: what has to be true before the party is killed; the message waits for it. It gets the folder of the
            testbed, and a function that counts the messages of link 0 by name so far.
    """

    name: str
    matches: Matches
    nth: int = 1
    link: int = 0
    follows: "State | None" = None
    holds: Callable[[Path, Counts], bool] = lambda _folder, _counts: True


def _manifest_published(folder: Path, _counts: Counts) -> bool:
    return (step_folder(folder / "basestation", KEPT_STEP) / TRAINING_MANIFEST_FILE).exists()


def _first_part_saved(_folder: Path, counts: Counts) -> bool:
    return counts("part_saved") >= 2


VALIDATION, TEST, SERVE, TRAIN = pb.PHASE_VALIDATION, pb.PHASE_TEST, pb.PHASE_SERVE, pb.PHASE_TRAIN

STATES = (
    State("Hello", body("hello")),
    State("Welcome", body("welcome")),
    State("Ready", body("ready")),
    State("first TrainStep", train_step(0)),
    State("TrainStep", train_step(4)),
    State("training block", of_phase("block", TRAIN), 11),
    State("Gradient", of_phase("gradient", TRAIN), 11),
    State("second Welcome", body("welcome"), 2, follows=State("", train_step(4))),
    State("second Ready", body("ready"), 2, follows=State("", train_step(4))),
    State("SaveCheckpoint in training", save(training=True), 2),
    State("first part saved, not asked for the second", save(training=True), 2, link=1, holds=_first_part_saved),
    State("PartSaved in training", body("part_saved"), 2),
    State("manifest published, before next step", train_step(KEPT_STEP), holds=_manifest_published),
    State("EpochReport", body("epoch_report")),
    State("Evaluate validation", of_phase("evaluate", VALIDATION)),
    State("validation block", of_phase("block", VALIDATION), 2),
    State("validation Prediction", of_phase("prediction", VALIDATION), 2),
    State("validation PassReport", of_phase("pass_report", VALIDATION)),
    State("final SaveCheckpoint", save(training=False)),
    State("final PartSaved", body("part_saved"), 6),
    State("Evaluate test", of_phase("evaluate", TEST)),
    State("test block", of_phase("block", TEST), 2),
    State("test Prediction", of_phase("prediction", TEST), 2),
    State("test PassReport", of_phase("pass_report", TEST)),
    State("Evaluate queries", of_phase("evaluate", SERVE)),
    State("query block", of_phase("block", SERVE), 2),
    State("query Prediction", of_phase("prediction", SERVE), 2),
    State("queries' PassReport", of_phase("pass_report", SERVE)),
    State("Finish", body("finish")),
)
