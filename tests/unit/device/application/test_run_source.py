"""Runs of a source: counts, refused samples, the end and the user's stop."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from queue import SimpleQueue

import numpy as np
import pytest

from splitwave.common.errors import DataError, UnreachableError
from splitwave.common.protocol.live_messages import Outcome
from splitwave.device.application.answer import Answer
from splitwave.device.application.run_source import RunCounts, StopRequest, run_source
from splitwave.device.application.sample import SampleError
from splitwave.device.application.submitter import Submitter
from tests.limits import LIMIT_S
from tests.unit.device.application.answering_link import AnsweringLink

X = np.eye(10, dtype=np.float32)


@dataclass
class ListSink:
    """Keeps the answers."""

    answers: list[Answer] = field(default_factory=list)
    closed: bool = False
    failed: int = 0

    def write(self, answer: Answer) -> None:
        self.answers.append(answer)

    def close(self) -> None:
        self.closed = True


def run(
    link: AnsweringLink, source: object, sink: ListSink, stop: StopRequest | None = None
) -> tuple[RunCounts, list[str]]:
    reports: list[str] = []
    counts = run_source(
        Submitter(link),
        source,  # type: ignore[arg-type]
        sink,
        buffer="block",
        most_waiting=4,
        stop=stop or StopRequest(),
        report=reports.append,
    )
    return counts, reports


def test_bad_samples_are_reported_and_counted_and_the_others_are_answered() -> None:
    sink = ListSink()
    counts, reports = run(AnsweringLink(), [X[1], X[2][:4], SampleError("a.png: no image"), X[3]], sink)
    assert [answer.value for answer in sink.answers] == [1, 3]
    assert counts == RunCounts(answered=2, unanswered=0, dropped=0, refused=2, undelivered=0)
    assert str(counts) == "2 answered, 2 refused"
    assert reports[0].startswith("sample refused: a sample of shape (4,), dtype float32: expected")
    assert reports[1] == "sample refused: a.png: no image"
    assert sink.closed


def test_samples_without_an_answer_are_counted_apart() -> None:
    counts, _ = run(AnsweringLink(outcome=Outcome.TOO_FEW_LINKS), X[:3], ListSink())
    assert str(counts) == "0 answered, 3 without an answer"


def test_a_stop_ends_an_endless_source_and_keeps_the_answers_under_way() -> None:
    link, sink, stop = AnsweringLink(holds=True), ListSink(), StopRequest()
    never: SimpleQueue[object] = SimpleQueue()
    finished = threading.Event()

    def stopper() -> None:
        link.wait_for_queries(1, LIMIT_S)
        stop.then(finished.set)
        stop.make()
        assert finished.wait(LIMIT_S)
        link.release()

    def source() -> Iterator[object]:
        yield X[6]
        yield never.get()

    thread = threading.Thread(target=stopper, daemon=True)
    thread.start()
    counts, _ = run(link, source(), sink, stop)
    thread.join()
    assert [answer.value for answer in sink.answers] == [6]
    assert counts.answered == 1
    assert stop.event.is_set()
    never.put(X[0])


def test_a_stop_waits_a_limited_time_for_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("splitwave.device.application.run_source._GRACE_S", 0.01)
    link, stop = AnsweringLink(holds=True), StopRequest()

    def source() -> Iterator[object]:
        yield X[0]
        link.wait_for_queries(1, LIMIT_S)
        stop.make()

    counts, _ = run(link, source(), ListSink(), stop)
    assert counts.answered == 0


def test_queries_that_a_stop_does_not_wait_for_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("splitwave.device.application.run_source._GRACE_S", 0.01)
    link, stop = AnsweringLink(holds=True), StopRequest()

    def source() -> Iterator[object]:
        yield from X[:5]
        link.wait_for_queries(5, LIMIT_S)
        link.release()
        stop.make()

    counts, _ = run(link, source(), ListSink(), stop)
    assert (counts.answered, counts.unanswered, counts.given_up) == (1, 0, 4)
    assert str(counts) == "1 answered, 4 given up"


def test_a_source_that_fails_ends_the_run_after_the_answers() -> None:
    def source() -> Iterator[object]:
        yield X[0]
        raise DataError("camera:0: it gives no more frames")

    sink = ListSink()
    with pytest.raises(DataError, match="no more frames"):
        run(AnsweringLink(), source(), sink)
    assert (len(sink.answers), sink.closed) == (1, True)


def test_a_lost_link_ends_the_run_and_closes_the_sink() -> None:
    link, sink = AnsweringLink(holds=True), ListSink()

    def source() -> Iterator[object]:
        yield X[0]
        link.wait_for_queries(1, LIMIT_S)
        link.fail(UnreachableError("no base station for 60 s"))

    with pytest.raises(UnreachableError):
        run(link, source(), sink)
    assert sink.closed
