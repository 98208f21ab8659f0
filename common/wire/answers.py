"""The answers of a prediction to protobuf and back: the field of their dtype has little-endian values."""

from typing import Any

import numpy as np

from splitwave.common.errors import ProtocolError
from splitwave.common.protocol.symbols import LinkContract
from splitwave.common.tasks.task import Answers, answer_size
from splitwave.common.wire.pb import uplink_pb2 as pb
from splitwave.common.wire.reals import FLOAT32

_FIELDS: dict[type[np.generic], tuple[str, np.dtype[Any]]] = {
    np.uint8: ("classes", np.dtype(np.uint8)),
    np.uint16: ("classes", np.dtype("<u2")),
    np.float32: ("times_ns", FLOAT32),
}
"""The fields have the names of the first tasks with such answers; any other task uses the field of its dtype."""


def answers_to_proto(answers: Answers, message: pb.Prediction) -> None:
    """Encode (B,) or (B, D) answers into `message`.

    Raises:
        ProtocolError: no field carries their dtype.
    """
    field, dtype = _field(answers.dtype.type)
    setattr(message, field, answers.astype(dtype, copy=False).tobytes())


def answers_from_proto(message: pb.Prediction, contract: LinkContract) -> Answers:
    """Decode the answers to a block, read-only, without a copy.

    Raises:
        ProtocolError: another dtype than the task's, not one answer for each of a block's samples, or a value that the
            task refuses.
    """
    expected, dtype = _field(contract.task.answer_dtype)
    carried = message.WhichOneof("answers")
    if carried != expected:
        raise ProtocolError(f"a prediction with {carried or 'nothing'} in it: expected {expected}")
    data: bytes = getattr(message, expected)
    size = answer_size(contract.task)
    sample_bytes = dtype.itemsize * (size or 1)
    count, rest = divmod(len(data), sample_bytes)
    if rest or not 1 <= count <= contract.max_samples:
        raise ProtocolError(
            f"a prediction of {len(data)} bytes: expected {sample_bytes} for each of 1 to "
            f"{contract.max_samples} samples"
        )
    answers: Answers = np.frombuffer(data, dtype=dtype)
    answers = answers if size is None else answers.reshape(count, size)
    contract.task.check_answers(answers)
    return answers


def _field(kind: type[np.generic]) -> tuple[str, np.dtype[Any]]:
    if kind not in _FIELDS:
        known = " and ".join(each.__name__ for each in _FIELDS)
        raise ProtocolError(f"{kind.__name__} answers: the wire carries {known}")
    return _FIELDS[kind]
