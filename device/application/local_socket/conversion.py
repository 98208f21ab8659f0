"""Messages of `DeviceApp` as samples and answers of an application, and the other way round."""

import numpy as np
from numpy.typing import NDArray

from splitwave.common.wire.pb import device_app_pb2 as pb
from splitwave.common.wire.reals import FLOAT32
from splitwave.device.application.answer import Answer
from splitwave.device.application.sample import Sample, SampleError
from splitwave.device.application.submitter import Submitter


def sample_from_proto(request: pb.InferRequest) -> Sample:
    """The sample of a request, with its name as far as the request has one.

    Raises:
        SampleError: there is no sample in it.
    """
    return Sample(
        _values(request),
        stream=request.stream if request.HasField("stream") else None,
        sequence=request.sequence if request.HasField("sequence") else None,
        captured_ns=request.captured_ns if request.HasField("captured_ns") else None,
    )


def answer_to_proto(answer: Answer) -> pb.InferReply:
    """The reply to a request."""
    reply = pb.InferReply(
        stream=answer.name.stream,
        sequence=answer.name.sequence,
        outcome=pb.Outcome.ValueType(answer.outcome),
        class_name=answer.class_name,
        probabilities=answer.probabilities,
        links_used=answer.links_used,
        betas=answer.betas,
        psnr_db=answer.psnr_db,
        model=answer.model,
        channel_versions=answer.channel_versions,
    )
    match answer.value:
        case int(index):
            reply.class_index = index
        case float(number):
            reply.values.append(number)
        case tuple(numbers):
            reply.values.extend(numbers)
    for name, duration_ns in answer.hops_ns.items():
        reply.hops.add(name=name, duration_ns=duration_ns)
    return reply


def description_of(submitter: Submitter) -> pb.Description:
    """The samples and answers of a device."""
    link = submitter.link
    return pb.Description(
        input_shape=link.input_shape,
        classes=submitter.answers.classes,
        class_names=submitter.answers.class_names,
        units=submitter.answers.units,
        link=link.link,
        links=link.contract.links,
        model_version=link.model_version,
    )


def _values(request: pb.InferRequest) -> NDArray[np.uint8] | NDArray[np.float32]:
    match request.WhichOneof("sample"):
        case "float32":
            if len(request.float32) % FLOAT32.itemsize:
                raise SampleError(f"float32 of {len(request.float32)} bytes: expected 4 bytes for each value")
            return np.frombuffer(request.float32, dtype=FLOAT32).astype(np.float32, copy=False)
        case "uint8":
            return np.frombuffer(request.uint8, dtype=np.uint8)
        case "values":
            return np.array(request.values.values, dtype=np.float32)
        case _:
            raise SampleError("a request without a sample: expected float32, uint8 or values")
