"""An application whose source is faster than its device, with a buffer that drops the oldest samples.

It runs in a process of its own, as in `live_application`. One link answers alone: the devices of several would drop the
parts of different queries.
"""

import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, redirect_stderr
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import numpy as np

from splitwave.common.errors import RunFailedError
from splitwave.common.protocol.arrays import Float32, Int64
from splitwave.common.protocol.live_messages import Outcome
from splitwave.common.runtime.logs import configure_logging
from splitwave.device.application.answer_stream import AnswerStream
from splitwave.device.application.device_options import DeviceOptions
from splitwave.device.application.opening import LinkOptions
from splitwave.device.application.sample import Sample
from splitwave.device.application.sources.paced import paced
from splitwave.device.application.submitter import Submitter
from splitwave.device.application.waiting_samples import Buffer

FACTOR = 2.0
"""The rate of the source over the highest that the device answers."""
MOST_WAITING = 16
_WARM_UP = 16


@dataclass(frozen=True, slots=True)
class Streamed:
    """One stream of samples.

    Attributes:
        offered: samples that the source gave.
        dropped: samples that gave way to newer ones.
        offered_per_s: rate of the source.
        answered_per_s: answers over the time from the first sample to the last answer.
        times_ns: (answered,) int64, from the sample at the source to its answer, with its time in the buffer.
    """

    offered: int
    dropped: int
    offered_per_s: float
    answered_per_s: float
    times_ns: Int64


def overflow(options: LinkOptions, samples: Float32, queries: int, log: Path) -> tuple[Streamed, Streamed]:
    """Stream as fast as answers come, with `block`, and then at `FACTOR` times that rate, with `drop-oldest`.

    Args:
        options: of the device's link.
        samples: (n, features) float32, submitted again and again in their order.
        queries: that are answered with `block`; with `drop-oldest` the source takes as long, and gives more.
        log: file for the device's log.

    Raises:
        RunFailedError: a query that was submitted has no answer.
    """
    with ExitStack() as stack:
        stack.enter_context(redirect_stderr(stack.enter_context(log.open("a", encoding="utf-8"))))
        configure_logging("json", "device")
        submitter = DeviceOptions(options).open()
        stack.callback(submitter.close)
        return both_buffers(submitter, samples, queries)


def both_buffers(submitter: Submitter, samples: Float32, queries: int) -> tuple[Streamed, Streamed]:
    """The streams of `overflow`, which opens the link."""
    _stream(submitter, _named(samples, 0, _WARM_UP), "block")
    blocking = _stream(submitter, _named(samples, 1, queries), "block")
    rate_hz = FACTOR * blocking.answered_per_s
    source = paced(_named(samples, 2, round(FACTOR * queries)), rate_hz, Event())
    return blocking, _stream(submitter, source, "drop-oldest")


def _named(samples: Float32, stream: int, count: int) -> Iterator[Sample]:
    for number in range(count):
        yield Sample(samples[number % len(samples)], stream=stream, sequence=number)


def _stream(submitter: Submitter, source: Iterable[object], buffer: Buffer) -> Streamed:
    offered_ns: list[int] = []
    times_ns: list[int] = []

    def read() -> Iterator[object]:
        for item in source:
            offered_ns.append(time.perf_counter_ns())
            yield item

    with AnswerStream(submitter, read(), buffer, MOST_WAITING) as stream:
        for answer in stream:
            times_ns.append(time.perf_counter_ns() - offered_ns[answer.name.sequence])
            if answer.outcome is not Outcome.ANSWERED:
                raise RunFailedError(f"live query {answer.name} came back as {answer.outcome.name}: expected ANSWERED")
        ended_ns = time.perf_counter_ns()
        return Streamed(
            len(offered_ns),
            stream.dropped,
            (len(offered_ns) - 1) * 1e9 / (offered_ns[-1] - offered_ns[0]),
            len(times_ns) * 1e9 / (ended_ns - offered_ns[0]),
            np.array(times_ns, dtype=np.int64),
        )
