"""A live link without a network, which answers with messages that went through the encoding of the wire."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from splitwave.common.errors import SplitwaveError
from splitwave.common.protocol.arrays import Float32
from splitwave.common.protocol.live_messages import Outcome, QueryAnswer
from splitwave.common.protocol.query_name import QueryName
from splitwave.common.protocol.symbols import LinkContract
from splitwave.common.protocol.timing import ChannelStamps, Stamps
from splitwave.common.records.part_format import InputFormat
from splitwave.common.tasks.classification import Classification
from splitwave.common.tasks.task import Task
from splitwave.common.wire.live import answer_from_proto, answer_to_proto
from splitwave.common.wire.pb import uplink_pb2 as pb
from splitwave.device.live.link_failure import LinkFailure
from splitwave.device.live.reply import Reply
from tests.limits import LIMIT_S

STAMPS = Stamps(1_000, 1_700, 1_800, 2_000, ChannelStamps(50_000, 50_300, 52_000, 52_010))
"""Two clocks: 300 + 10 ns in the emulator, 700 beyond it and back, 700 of waiting, 100 of queueing, 200 of decoding."""


DIGITS = Classification(10)


def contract_of(task: Task) -> LinkContract:
    return LinkContract(
        link=1,
        dimension=5,
        breakpoints=6,
        draws=1,
        max_samples=1,
        hard_training=False,
        task=task,
        carries_beta=False,
        links=2,
    )


def place_of_the_largest(name: QueryName, x: Float32) -> NDArray[np.uint8]:  # noqa: ARG001 — the type of `answer`
    return np.array([int(x.argmax())], dtype=np.uint8)


@dataclass
class AnsweringLink:
    """Answers each query at once or, if it holds answers, when `release` is called; `submitted` has all queries."""

    task: Task = DIGITS
    input_shape: tuple[int, int, int] = (1, 2, 5)
    answer: Callable[[QueryName, Float32], "NDArray[np.uint8] | Float32"] = place_of_the_largest
    outcome: Outcome = Outcome.ANSWERED
    holds: bool = False
    link: int = 1
    model_version: str = "0123456789ab"
    submitted: list[tuple[QueryName, Float32]] = field(default_factory=list)
    closed: bool = False

    def __post_init__(self) -> None:
        self._held: list[tuple[QueryName, Float32, Future[Reply]]] = []
        self._changed = threading.Condition()
        self._failure = LinkFailure()

    @property
    def contract(self) -> LinkContract:
        return contract_of(self.task)

    @property
    def features(self) -> int:
        return int(np.prod(self.input_shape))

    def features_of(self, sample: NDArray[np.uint8] | Float32) -> Float32:
        return InputFormat(self.input_shape).features_of(sample)

    def submit(self, name: QueryName, x: Float32) -> "Future[Reply]":
        reply: Future[Reply] = Future()
        with self._changed:
            self.submitted.append((name, x))
            if self.holds:
                self._held.append((name, x, reply))
            self._changed.notify_all()
        if not self.holds:
            reply.set_result(self._reply(name, x))
        return reply

    def wait_for_queries(self, count: int, limit_s: float) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.submitted) >= count, limit_s), len(self.submitted)

    def release(self, count: int = 1) -> None:
        for _ in range(count):
            name, x, reply = self._held.pop(0)
            reply.set_result(self._reply(name, x))

    def fail(self, error: Exception) -> None:
        self._held.pop(0)[2].set_exception(error)

    def on_failure(self, callback: Callable[[SplitwaveError], None]) -> Callable[[], None]:
        forget = self._failure.tell(callback)
        with self._changed:
            self._changed.notify_all()
        return forget

    @property
    def listeners(self) -> int:
        return self._failure.listeners

    def end(self, error: SplitwaveError) -> None:
        """Fail for good, once there is a listener."""
        with self._changed:
            assert self._changed.wait_for(lambda: self.listeners, LIMIT_S)
        self._failure.come(error)

    def close(self) -> None:
        self.closed = True
        for _, _, reply in self._held:
            reply.cancel()

    def _reply(self, name: QueryName, x: Float32) -> Reply:
        at_ns = time.perf_counter_ns()
        outputs = self.contract.task.outputs
        probabilities = (
            np.full(outputs, 1 / outputs, np.float32) if self.contract.task.answer_dtype != np.float32 else None
        )
        answered = self.outcome.has_answer
        answer = QueryAnswer(
            key=name.key,
            outcome=self.outcome,
            stamps=STAMPS if answered else Stamps(1_000, 0, 0, 0),
            answers=self.answer(name, x) if answered else None,
            links=(0, 1) if answered else (),
            probabilities=probabilities if answered else None,
            psnr_db=(10.0, 12.5),
            model=3 if answered else 0,
        )
        message = pb.QueryAnswer()
        answer_to_proto(answer, message)
        received = answer_from_proto(pb.QueryAnswer.FromString(message.SerializeToString()), self.contract)
        return Reply(received, at_ns, at_ns + 100, at_ns + 150, at_ns + 150 + 3_000)
