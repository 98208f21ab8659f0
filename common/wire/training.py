"""A run's training: TrainStep, Gradient and SaveCheckpoint down, EpochReport and PartSaved up."""

import math

from splitwave.common.errors import ProtocolError
from splitwave.common.protocol.messages import Gradient, PartSaved, SaveCheckpoint, TrainStep
from splitwave.common.protocol.reports import EpochReport
from splitwave.common.protocol.symbols import LinkContract
from splitwave.common.wire.fields import key_from_proto, key_to_proto
from splitwave.common.wire.pb import uplink_pb2 as pb
from splitwave.common.wire.reals import reals_from_proto, reals_to_proto
from splitwave.common.wire.text import bounded


def train_step_to_proto(train_step: TrainStep) -> pb.TrainStep:
    """Encode the beginning of a step."""
    return pb.TrainStep(step=train_step.step)


def train_step_from_proto(message: pb.TrainStep) -> TrainStep:
    """Decode the beginning of a step."""
    return TrainStep(message.step)


def gradient_to_proto(gradient: Gradient, message: pb.Gradient) -> None:
    """Encode a gradient into `message`."""
    key_to_proto(gradient.key, message.key)
    _, message.samples, message.dimension = gradient.values.shape
    reals_to_proto(gradient.values, gradient.dtype, message.values)


def gradient_from_proto(message: pb.Gradient, contract: LinkContract) -> Gradient:
    """Decode a gradient.

    Raises:
        ProtocolError: as for a block of real symbols.
    """
    if message.dimension != contract.dimension or message.samples > contract.max_samples:
        raise ProtocolError(
            f"a gradient for {message.samples} × {message.dimension} symbols: expected at most "
            f"{contract.max_samples} × {contract.dimension}"
        )
    if message.values.draws not in (1, contract.draws):
        raise ProtocolError(f"a gradient for {message.values.draws} noise draws: expected 1 or {contract.draws}")
    values = reals_from_proto(message.values, message.samples, message.dimension, contract.wire_dtype)
    return Gradient(key_from_proto(message.key), values, contract.wire_dtype)


def epoch_report_to_proto(report: EpochReport) -> pb.EpochReport:
    """Encode a device's report of an epoch."""
    return pb.EpochReport(epoch=report.epoch, rate_nats=report.rate_nats)


def epoch_report_from_proto(message: pb.EpochReport) -> EpochReport:
    """Decode a device's report of an epoch.

    Raises:
        ProtocolError: the rate is not finite.
    """
    if not math.isfinite(message.rate_nats):
        raise ProtocolError(
            f"the report of epoch {message.epoch} has the rate {message.rate_nats}: expected a finite number"
        )
    return EpochReport(message.epoch, message.rate_nats)


def save_checkpoint_to_proto(save: SaveCheckpoint) -> pb.SaveCheckpoint:
    """Encode the command to write a checkpoint part."""
    return pb.SaveCheckpoint(step=save.step, keep_from=save.keep_from)


def save_checkpoint_from_proto(message: pb.SaveCheckpoint) -> SaveCheckpoint:
    """Decode the command to write a checkpoint part."""
    return SaveCheckpoint(message.step, message.keep_from if message.HasField("keep_from") else None)


def part_saved_to_proto(saved: PartSaved) -> pb.PartSaved:
    """Encode the digest of a checkpoint part."""
    return pb.PartSaved(step=saved.step, sha256=saved.sha256)


def part_saved_from_proto(message: pb.PartSaved) -> PartSaved:
    """Decode the digest of a checkpoint part.

    Raises:
        ProtocolError: it is too long.
    """
    return PartSaved(message.step, bounded(message.sha256, "sha256"))
