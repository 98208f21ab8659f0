"""The messages of live queries: QueryAnswer, ModelChunk, ModelReady, UseModel, Reencode. Payloads are little-endian."""

import math

import numpy as np

from splitwave.common.errors import ProtocolError
from splitwave.common.limits import MAX_MODEL_FILE_BYTES, MAX_NAME_CHARACTERS, MAX_REASON_CHARACTERS
from splitwave.common.protocol.arrays import Float32
from splitwave.common.protocol.live_messages import ModelChunk, ModelReady, Outcome, QueryAnswer, Reencode, UseModel
from splitwave.common.protocol.symbols import LinkContract
from splitwave.common.wire.answers import answers_from_proto, answers_to_proto
from splitwave.common.wire.fields import beta_from_proto, key_from_proto, key_to_proto
from splitwave.common.wire.handshake import agreed
from splitwave.common.wire.pb import uplink_pb2 as pb
from splitwave.common.wire.predictions import links_from_mask, links_mask, stamps_from_proto, stamps_to_proto
from splitwave.common.wire.reals import FLOAT32
from splitwave.common.wire.text import bounded, shortened_reason

MAX_CHUNK_BYTES = 1024 * 1024
"""Most bytes of a file in one piece."""

LiveDownlink = QueryAnswer | ModelChunk | UseModel | Reencode


def downlink_to_proto(body: LiveDownlink) -> pb.DownlinkMessage:
    """Encode a message to a live device."""
    message = pb.DownlinkMessage()
    match body:
        case QueryAnswer():
            answer_to_proto(body, message.answer)
        case ModelChunk():
            model_chunk_to_proto(body, message.model_chunk)
        case UseModel():
            use_model_to_proto(body, message.use_model)
        case Reencode():
            reencode_to_proto(body, message.reencode)
    return message


def downlink_from_proto(message: pb.DownlinkMessage, contract: LinkContract | None) -> LiveDownlink:
    """Decode a message to a live device.

    Raises:
        ProtocolError: it is for no live device, or anything in it does not fit the contract.
    """
    match message.WhichOneof("body"):
        case "answer":
            return answer_from_proto(message.answer, agreed(contract))
        case "model_chunk":
            return model_chunk_from_proto(message.model_chunk)
        case "use_model":
            return use_model_from_proto(message.use_model)
        case "reencode":
            return reencode_from_proto(message.reencode)
        case other:
            raise ProtocolError(f"a message {other} for a live device")


def answer_to_proto(answer: QueryAnswer, message: pb.QueryAnswer) -> None:
    """Encode what became of a part of a query into `message`."""
    prediction = message.prediction
    key_to_proto(answer.key, prediction.key)
    stamps_to_proto(answer.stamps, prediction.stamps)
    prediction.links = links_mask(answer.links)
    if answer.answers is not None:
        answers_to_proto(answer.answers, prediction)
    if answer.probabilities is not None:
        message.probabilities = answer.probabilities.astype(FLOAT32, copy=False).tobytes()
    message.outcome = pb.Outcome.ValueType(answer.outcome)
    message.betas.extend(answer.betas)
    message.psnr_db.extend(answer.psnr_db)
    message.model = answer.model
    message.channel_versions.extend(answer.channel_versions)


def answer_from_proto(message: pb.QueryAnswer, contract: LinkContract) -> QueryAnswer:
    """Decode what became of a part of a query.

    Raises:
        ProtocolError: an unknown outcome, an answer without an outcome that has one or the other way round, or values
            that do not fit the link's contract.
    """
    prediction, outcome = message.prediction, _outcome(message.outcome)
    if (prediction.WhichOneof("answers") is not None) != outcome.has_answer:
        raise ProtocolError(f"a part of a query that was {outcome.name} with the wrong answers for it")
    answers = answers_from_proto(prediction, contract) if outcome.has_answer else None
    if answers is not None and len(answers) != 1:
        raise ProtocolError(f"{len(answers)} answers to a live query: expected one")
    counts = {"β": len(message.betas), "PSNR": len(message.psnr_db), "version": len(message.channel_versions)}
    for what, count in counts.items():
        if count not in (0, contract.links):
            raise ProtocolError(f"{count} values of {what} in an answer: expected one for each link, or none")
    return QueryAnswer(
        key=key_from_proto(prediction.key),
        outcome=outcome,
        stamps=stamps_from_proto(prediction.stamps),
        answers=answers,
        links=links_from_mask(prediction, contract),
        probabilities=_probabilities(message.probabilities, contract),
        betas=tuple(map(beta_from_proto, message.betas)),
        psnr_db=tuple(map(_finite, message.psnr_db)),
        model=message.model,
        channel_versions=tuple(message.channel_versions),
    )


def model_chunk_to_proto(chunk: ModelChunk, message: pb.ModelChunk) -> None:
    """Encode a piece of a model into `message`."""
    message.number, message.version, message.file = chunk.number, chunk.version, chunk.file
    message.file_bytes, message.data, message.last = chunk.file_bytes, chunk.data, chunk.last


def model_chunk_from_proto(message: pb.ModelChunk) -> ModelChunk:
    """Decode a piece of a model.

    Raises:
        ProtocolError: a text or a size is beyond its limit, or the file's name is none within a folder.
    """
    if len(message.data) > MAX_CHUNK_BYTES or message.file_bytes > MAX_MODEL_FILE_BYTES:
        raise ProtocolError(
            f"{len(message.data)} bytes of a file of {message.file_bytes} bytes: expected at most {MAX_CHUNK_BYTES} "
            f"of at most {MAX_MODEL_FILE_BYTES}"
        )
    name = bounded(message.file, "a file's name")
    if not name or name.startswith(".") or not set(name).isdisjoint("/\\\0"):
        raise ProtocolError(f"{name!r} is no name of a file of a model")
    version = bounded(message.version, "model_version", MAX_NAME_CHARACTERS)
    return ModelChunk(message.number, version, name, message.file_bytes, message.data, message.last)


def model_ready_to_proto(ready: ModelReady) -> pb.ModelReady:
    """Encode whether a device can encode with a model."""
    return pb.ModelReady(number=ready.number, refusal=shortened_reason(ready.refusal))


def model_ready_from_proto(message: pb.ModelReady) -> ModelReady:
    """Decode whether a device can encode with a model.

    Raises:
        ProtocolError: the reason is too long.
    """
    return ModelReady(message.number, bounded(message.refusal, "refusal", MAX_REASON_CHARACTERS))


def use_model_to_proto(use: UseModel, message: pb.UseModel) -> None:
    """Encode a switch of the model into `message`."""
    message.number = use.number


def use_model_from_proto(message: pb.UseModel) -> UseModel:
    """Decode a switch of the model."""
    return UseModel(message.number)


def reencode_to_proto(reencode: Reencode, message: pb.Reencode) -> None:
    """Encode the request for a part of a query into `message`."""
    key_to_proto(reencode.key, message.key)
    message.model = reencode.model


def reencode_from_proto(message: pb.Reencode) -> Reencode:
    """Decode the request for a part of a query.

    Raises:
        ProtocolError: the phase of the key is unknown.
    """
    return Reencode(key_from_proto(message.key), message.model)


def _outcome(number: int) -> Outcome:
    try:
        return Outcome(number)
    except ValueError:
        raise ProtocolError(f"unknown outcome {number} of a query") from None


def _probabilities(data: bytes, contract: LinkContract) -> Float32 | None:
    if not data:
        return None
    if len(data) != contract.task.outputs * FLOAT32.itemsize:
        raise ProtocolError(f"{len(data)} bytes of probabilities: expected {contract.task.outputs} float32 numbers")
    probabilities = np.frombuffer(data, dtype=FLOAT32)
    if not ((probabilities >= 0) & (probabilities <= 1)).all():  # NaN fails, too
        raise ProtocolError("a probability that is not within 0 to 1")
    return probabilities


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise ProtocolError(f"a PSNR of {value} dB: expected a finite number")
    return value
