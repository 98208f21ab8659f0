"""Streams of samples: the order of answers, bounded buffering, errors and the end."""

import threading
from collections.abc import Iterator

import pytest

from splitwave.common.errors import ConfigError, UnreachableError
from splitwave.device.application.answer_stream import AnswerStream
from splitwave.device.application.sample import SampleError
from splitwave.device.application.submitter import Submitter
from splitwave.device.application.waiting_samples import Buffer, WaitingSamples
from tests.limits import LIMIT_S
from tests.unit.device.application.answering_link import AnsweringLink
from tests.unit.device.application.fed_source import FedSource, sample


def test_answers_come_in_the_order_of_the_samples() -> None:
    digits = [3, 1, 4, 1, 5, 9, 2, 6]
    stream = AnswerStream(Submitter(AnsweringLink()), map(sample, digits))
    assert [answer.value for answer in stream] == digits
    assert stream.dropped == 0


def test_a_stream_that_blocks_reads_no_more_than_can_wait() -> None:
    link, source = AnsweringLink(holds=True), FedSource()
    source.feed(*map(sample, [0] * 70), None)
    stream = AnswerStream(Submitter(link), source, most_waiting=4)
    source.wait_for_reads(64 + 4 + 1)  # under way, waiting, and one in hand
    link.wait_for_queries(64, LIMIT_S)
    assert len(link.submitted) == 64
    link.release()
    assert next(stream).value == 0
    link.wait_for_queries(65, LIMIT_S)
    stream.close()
    assert stream.dropped <= 5


def test_latest_submits_the_newest_sample_when_the_answer_came() -> None:
    link, source = AnsweringLink(holds=True), FedSource()
    stream = AnswerStream(Submitter(link), source, buffer="latest")
    source.feed(sample(0))
    link.wait_for_queries(1, LIMIT_S)
    source.feed(*map(sample, (1, 2, 3)))
    source.wait_for_reads(5)  # the fifth read begins when all four are taken
    link.release()
    assert next(stream).value == 0
    link.wait_for_queries(2, LIMIT_S)
    link.release()
    source.feed(None)
    assert [answer.value for answer in stream] == [3]
    assert stream.dropped == 2


def test_drop_oldest_keeps_the_newest_samples() -> None:
    waiting: WaitingSamples[int] = WaitingSamples("drop-oldest", 2)
    for number in range(5):
        assert waiting.has_room
        waiting.add(number)
    assert (waiting.take(), waiting.take(), waiting.dropped) == (3, 4, 3)


@pytest.mark.parametrize(("buffer", "most"), [("newest", 1), ("block", 0)])
def test_an_unknown_buffer_is_refused(buffer: Buffer, most: int) -> None:
    with pytest.raises(ConfigError, match="of a stream: expected"):
        WaitingSamples(buffer, most)


def test_a_refused_sample_is_reported_and_the_stream_goes_on() -> None:
    refused: list[SampleError] = []
    items = [sample(1), sample(2)[:3], {"z": 1}, {"x": sample(3), "sequence": 9}]
    stream = AnswerStream(Submitter(AnsweringLink()), items, on_refused=refused.append)
    assert [(answer.name.sequence, answer.value) for answer in stream] == [(0, 1), (9, 3)]
    assert ["shape (3,)" in str(refused[0]), "['z']" in str(refused[1])] == [True, True]


def test_without_a_listener_the_iterator_raises_and_may_go_on() -> None:
    stream = AnswerStream(Submitter(AnsweringLink()), [sample(1)[:3], sample(2)])
    with pytest.raises(SampleError):
        next(stream)
    assert [answer.value for answer in stream] == [2]


def test_an_error_of_the_source_follows_the_answers() -> None:
    def broken() -> Iterator[object]:
        yield sample(5)
        raise OSError("the sensor is gone")

    stream = AnswerStream(Submitter(AnsweringLink()), broken())
    assert next(stream).value == 5
    with pytest.raises(OSError, match="the sensor is gone"):
        next(stream)


def test_an_error_of_a_source_that_is_ahead_drops_no_sample() -> None:
    link, failed = AnsweringLink(holds=True), threading.Event()

    def broken() -> Iterator[object]:
        yield from map(sample, [0] * 65)
        failed.set()
        raise OSError("the sensor is gone")

    stream = AnswerStream(Submitter(link), broken(), most_waiting=1)
    assert failed.wait(LIMIT_S)
    for submitted in (*range(64, 66), *[65] * 63):
        link.wait_for_queries(submitted, LIMIT_S)
        link.release()
        assert next(stream).value == 0
    with pytest.raises(OSError, match="the sensor is gone"):
        next(stream)
    assert stream.dropped == 0


@pytest.mark.parametrize("error", [ValueError("a fault of the program"), SystemExit(3)])
def test_an_error_of_the_listener_reaches_the_iterator_and_ends_the_stream(error: BaseException) -> None:
    def fail(_refused: SampleError) -> None:
        raise error

    stream = AnswerStream(Submitter(AnsweringLink()), [sample(7), sample(1)[:3]], on_refused=fail)
    assert next(stream).value == 7
    with pytest.raises(type(error)) as raised:
        next(stream)
    assert raised.value is error
    assert list(stream) == []


def test_a_source_that_exits_its_thread_ends_the_stream() -> None:
    def exiting() -> Iterator[object]:
        yield sample(5)
        raise SystemExit(3)

    stream = AnswerStream(Submitter(AnsweringLink()), exiting())
    assert next(stream).value == 5
    with pytest.raises(SystemExit):
        next(stream)


def test_a_lost_link_ends_the_stream() -> None:
    link, source = AnsweringLink(holds=True), FedSource()
    source.feed(sample(0))
    stream = AnswerStream(Submitter(link), source)
    link.wait_for_queries(1, LIMIT_S)
    link.fail(UnreachableError("no base station"))
    with pytest.raises(UnreachableError):
        next(stream)
    with pytest.raises(StopIteration):
        next(stream)


def test_a_finished_stream_still_gives_the_answers_to_what_was_submitted() -> None:
    link, source = AnsweringLink(holds=True), FedSource()
    source.feed(sample(6))
    stream = AnswerStream(Submitter(link), source)
    link.wait_for_queries(1, LIMIT_S)
    stream.finish()
    link.release()
    assert [answer.value for answer in stream] == [6]


def test_a_link_that_is_lost_while_the_source_is_silent_ends_the_stream() -> None:
    link, source = AnsweringLink(), FedSource()
    source.feed(sample(2))
    stream = AnswerStream(Submitter(link), source)
    assert next(stream).value == 2
    source.wait_for_reads(2)  # the second gives nothing
    link.end(UnreachableError("no base station"))
    with pytest.raises(UnreachableError, match="no base station"):
        next(stream)
    assert list(stream) == []


def test_a_link_forgets_the_streams_that_have_ended() -> None:
    link = AnsweringLink()
    streams = [AnswerStream(Submitter(link), [sample(2)]) for _ in range(3)]
    assert link.listeners == 3
    assert len(list(streams[0])) == 1
    streams[1].close()
    assert link.listeners == 1
