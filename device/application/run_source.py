"""Submits the samples of a source and hands their answers to a sink, until one of them ends or the user stops it."""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from splitwave.device.application.answer_stream import AnswerStream
from splitwave.device.application.sample import SampleError
from splitwave.device.application.sinks.sink import AnswerSink
from splitwave.device.application.submitter import Submitter
from splitwave.device.application.waiting_samples import Buffer

_GRACE_S = 10.0
"""Seconds that queries under way have after the user stopped the run."""


@dataclass(frozen=True, slots=True)
class RunCounts:
    """The result of a run.

    Attributes:
        answered: samples with an answer.
        unanswered: samples for which the base station has none, such as with too few links.
        dropped: samples that gave way to newer ones.
        refused: samples that could not be submitted.
        undelivered: answers that the sink could not deliver.
        given_up: queries whose answers did not come in the time that they have after a stop.
    """

    answered: int
    unanswered: int
    dropped: int
    refused: int
    undelivered: int
    given_up: int = 0

    def __str__(self) -> str:
        parts = {
            "answered": self.answered,
            "without an answer": self.unanswered,
            "dropped": self.dropped,
            "refused": self.refused,
            "answers not delivered": self.undelivered,
            "given up": self.given_up,
        }
        return ", ".join(f"{count} {name}" for name, count in parts.items() if count or name == "answered")


class StopRequest:
    """The user's request to end a run in good order.

    Attributes:
        event: is set by it.
    """

    def __init__(self) -> None:
        """Begin without a request."""
        self.event = threading.Event()
        self._actions: list[Callable[[], None]] = []
        self._lock = threading.Lock()

    def then(self, action: Callable[[], None]) -> None:
        """Have something done upon a request, at once if there was one."""
        with self._lock:
            if not self.event.is_set():
                self._actions.append(action)
                return
        action()

    def make(self) -> None:
        """Request it, from any thread; a signal's handler may not, since this takes locks."""
        with self._lock:
            self.event.set()
            actions, self._actions = self._actions, []
        for action in actions:
            action()


def run_source(
    submitter: Submitter,
    source: Iterable[object],
    sink: AnswerSink,
    *,
    buffer: Buffer,
    most_waiting: int,
    stop: StopRequest,
    report: Callable[[str], None],
) -> RunCounts:
    """Run until the source ends, the link is lost or the user stops it.

    Args:
        submitter: of the device.
        source: of samples, and of errors of samples.
        sink: gets the answers in the order of the samples; it is closed in the end.
        buffer: as for `Device.stream`.
        most_waiting: likewise.
        stop: ends the source; queries under way have some seconds then.
        report: gets a line for every sample that is refused.

    Raises:
        SplitwaveError: the link is lost, or the source fails.
    """
    refused = _Refusals(report)
    answered = unanswered = 0
    with AnswerStream(submitter, source, buffer, most_waiting, refused.note) as stream:
        stop.then(lambda: _finish(stream))
        try:
            for answer in stream:
                answered += answer.outcome.has_answer
                unanswered += not answer.outcome.has_answer
                sink.write(answer)
        finally:
            sink.close()
        return RunCounts(answered, unanswered, stream.dropped, refused.count, sink.failed, stream.given_up)


class _Refusals:
    """Counts and reports samples that are refused."""

    def __init__(self, report: Callable[[str], None]) -> None:
        self._report = report
        self.count = 0

    def note(self, error: SampleError) -> None:
        self.count += 1
        self._report(f"sample refused: {error}")


def _finish(stream: AnswerStream) -> None:
    stream.finish()
    timer = threading.Timer(_GRACE_S, stream.close)
    timer.daemon = True
    timer.start()
