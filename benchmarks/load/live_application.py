"""Applications that submit live queries one after another, each to the device of one link.

An application runs in a process of its own (`WorkerProcess`). Nothing here imports torch, so that an application whose
device computes with ONNX Runtime has no torch in its process.
"""

import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, redirect_stderr
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TypeVar

import grpc

from splitwave.benchmarks.readings.live_times import Answered, LinkTimes
from splitwave.common.errors import RunFailedError
from splitwave.common.protocol.arrays import Float32
from splitwave.common.protocol.live_messages import Outcome
from splitwave.common.runtime.logs import configure_logging
from splitwave.common.wire.pb import device_app_pb2 as pb
from splitwave.common.wire.pb import device_app_pb2_grpc
from splitwave.device.application.answer import Answer
from splitwave.device.application.device_options import DeviceOptions
from splitwave.device.application.opening import LinkOptions
from splitwave.device.application.submitter import answer_within

T = TypeVar("T")

ANSWER_LIMIT_S = 120.0


@dataclass(frozen=True, slots=True)
class LiveLoad:
    """The queries of one application: the names are the same in the applications of all links.

    Attributes:
        links: that must answer each query together.
        stream: of all queries; another one in each repetition.
        warm_up: queries that are submitted before, and not counted.
        queries: that are counted.
        samples: (n, features) float32, the view of this link, submitted again and again in their order.
    """

    links: int
    stream: int
    warm_up: int
    queries: int
    samples: Float32


def submit_through_socket(address: str, load: LiveLoad) -> LinkTimes:
    """Submit through a device's Unix socket, from the sample as an array to the reply as a message.

    Args:
        address: unix:PATH.
        load: the queries.

    Raises:
        RunFailedError: a query was not answered by all links.
    """
    with grpc.insecure_channel(address) as channel:
        device = device_app_pb2_grpc.DeviceAppStub(channel)

        def infer(sequence: int, x: Float32) -> pb.InferReply:
            request = pb.InferRequest(float32=x.tobytes(), stream=load.stream, sequence=sequence)
            reply: pb.InferReply = device.Infer(request, timeout=ANSWER_LIMIT_S)
            return reply

        return _one_by_one(load, infer, _read_reply)


def submit_in_process(options: LinkOptions, load: LiveLoad, log: Path) -> LinkTimes:
    """Submit to a device in this process, as `Device.infer` does.

    Args:
        options: of the device's link.
        load: the queries.
        log: file for the device's log.

    Raises:
        RunFailedError: a query was not answered by all links.
    """
    with ExitStack() as stack:
        stack.enter_context(redirect_stderr(stack.enter_context(log.open("a", encoding="utf-8"))))
        configure_logging("json", "device")
        device = DeviceOptions(options, load.stream).open()
        stack.callback(device.close)

        def infer(sequence: int, x: Float32) -> Answer:
            return answer_within(device.submit(x, sequence=sequence), ANSWER_LIMIT_S)

        return _one_by_one(load, infer, _read_answer)


class _Read(NamedTuple):
    outcome: Outcome
    links_used: tuple[int, ...]
    hops_ns: Mapping[str, int]


def _read_reply(reply: pb.InferReply) -> _Read:
    hops_ns = {hop.name: hop.duration_ns for hop in reply.hops}
    return _Read(Outcome(reply.outcome), tuple(reply.links_used), hops_ns)


def _read_answer(answer: Answer) -> _Read:
    return _Read(answer.outcome, answer.links_used, answer.hops_ns)


def _one_by_one(load: LiveLoad, infer: Callable[[int, Float32], T], read: Callable[[T], _Read]) -> LinkTimes:
    """Submit each query when the one before is answered; answers are read when all are there."""
    timed: list[tuple[int, int, T]] = []
    for sequence in range(load.warm_up + load.queries):
        x = load.samples[sequence % len(load.samples)]
        called_ns = time.perf_counter_ns()
        answer = infer(sequence, x)
        timed.append((called_ns, time.perf_counter_ns(), answer))
    return LinkTimes.of_application(
        [
            Answered(called, answered, _complete(read(answer), load))
            for called, answered, answer in timed[load.warm_up :]
        ]
    )


def _complete(answer: _Read, load: LiveLoad) -> Mapping[str, int]:
    if answer.outcome is not Outcome.ANSWERED or len(answer.links_used) != load.links:
        raise RunFailedError(
            f"a live query of stream {load.stream} came back as {answer.outcome.name} of links {answer.links_used}: "
            f"expected ANSWERED of {load.links} links"
        )
    return answer.hops_ns
