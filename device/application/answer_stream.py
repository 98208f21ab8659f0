"""The answers to a stream of samples, as an iterator with bounded buffering.

One thread reads the source, which may block; another submits; the iterator hands out answers in the samples' order.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from types import TracebackType
from typing import NoReturn, Self

from splitwave.common.errors import SplitwaveError
from splitwave.device.application.answer import Answer
from splitwave.device.application.sample import Sample, SampleError
from splitwave.device.application.submitter import Submitter
from splitwave.device.application.waiting_samples import Buffer, WaitingSamples


class AnswerStream(Iterator[Answer]):
    """Iterates over the answers; `close` or leaving the `with` ends it early."""

    def __init__(
        self,
        submitter: Submitter,
        source: Iterable[object],
        buffer: Buffer = "block",
        most_waiting: int = 64,
        on_refused: Callable[[SampleError], None] | None = None,
    ) -> None:
        """Begin to read the source; the arguments are those of `Device.stream`."""
        self._submitter = submitter
        self._on_refused = on_refused
        self._waiting: WaitingSamples[object] = WaitingSamples(buffer, most_waiting)
        self._answers: deque[Future[Answer]] = deque()
        self._changed = threading.Condition()
        self._exhausted = False  # the source
        self._submitted = False  # all that it gave
        self._closed = False
        self._given_up = 0
        self._lost: SplitwaveError | None = None
        self._forget_link = submitter.link.on_failure(self._lose_link)
        for name, work in (("source", lambda: self._read(source)), ("submit", self._submit)):
            threading.Thread(target=work, name=f"stream-{name}", daemon=True).start()

    @property
    def dropped(self) -> int:
        """How many samples were dropped until now; a stream that blocks drops none unless it is ended early."""
        return self._waiting.dropped

    @property
    def given_up(self) -> int:
        """How many queries were under way when the stream was closed, and got no answer that was handed out."""
        return self._given_up

    def __next__(self) -> Answer:
        """Wait for the next answer.

        Raises:
            StopIteration: every sample that was submitted has its answer, or the stream was closed.
            SplitwaveError: the link is lost, or (without `on_refused`) a sample was refused; the latter ends no stream.
            Exception: what the source or `on_refused` raised; it ends the stream.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._answers or self._submitted or self._lost)
            oldest = self._answers[0] if self._answers else None
        if oldest is None:
            self._end()
        try:
            return oldest.result()
        except SampleError:
            raise
        except BaseException:
            self.finish()
            if oldest.cancelled():
                raise StopIteration from None
            raise
        finally:
            self._take_out(oldest)

    def finish(self) -> None:
        """Read no more samples, and drop those that wait; the answers to the others are still to come."""
        with self._changed:
            self._exhausted = True
            self._waiting.clear()
            self._changed.notify_all()

    def close(self) -> None:
        """End the stream; answers that are still to come are dropped."""
        self._forget_link()
        self.finish()
        with self._changed:
            self._closed = True
            for answer in self._answers:
                answer.cancel()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _end(self) -> NoReturn:
        """End the iteration where no answer is to come: all have come, or the link is lost while the source is silent.

        Raises:
            StopIteration, SplitwaveError: see `__next__`.
        """
        self._forget_link()
        with self._changed:
            lost, self._lost = self._lost, None
            submitted = self._submitted
        if submitted or lost is None:
            raise StopIteration
        self.finish()
        raise lost

    def _lose_link(self, error: SplitwaveError) -> None:
        with self._changed:
            self._lost = error
            self._changed.notify_all()

    def _take_out(self, oldest: "Future[Answer]") -> None:
        """Count an answer as under way no longer; once one was cancelled, none follows it."""
        with self._changed:
            if oldest.cancelled():
                self._given_up += len(self._answers)
                self._answers.clear()
            else:
                self._answers.popleft()
            self._changed.notify_all()

    def _read(self, source: Iterable[object]) -> None:
        try:
            for item in source:
                if not self._add(item):
                    return
        except BaseException as error:  # of the user's iterator; the caller of the stream gets it, after the answers
            self._add(error)
        with self._changed:
            self._exhausted = True
            self._changed.notify_all()

    def _add(self, item: object) -> bool:
        """Wait for room and add an item; false if no more are wanted."""
        with self._changed:
            self._changed.wait_for(lambda: self._exhausted or self._waiting.has_room)
            if self._exhausted:
                return False
            self._waiting.add(item)
            self._changed.notify_all()
        return True

    def _submit(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(self._can_submit)
                if not self._waiting:
                    self._submitted = True
                    self._changed.notify_all()
                    return
                item = self._waiting.take()
                self._changed.notify_all()
            answer = self._answer_to(item)
            if answer is not None:
                with self._changed:
                    if self._closed:
                        self._given_up += answer.cancel()
                    else:
                        self._answers.append(answer)
                    self._changed.notify_all()

    def _can_submit(self) -> bool:
        if self._waiting:
            return len(self._answers) < self._waiting.most_unanswered
        return self._exhausted

    def _answer_to(self, item: object) -> "Future[Answer] | None":
        try:
            return self._submit_item(item)
        except BaseException as error:  # of the user's function, too; without its thread the iterator waits forever
            return _failed(error)

    def _submit_item(self, item: object) -> "Future[Answer] | None":
        try:
            if isinstance(item, BaseException):
                raise item
            return self._submitter.submit_sample(Sample.of(item))
        except SampleError as error:
            if self._on_refused is None:
                raise
            self._on_refused(error)
            return None


def _failed(error: BaseException) -> "Future[Answer]":
    answer: Future[Answer] = Future()
    answer.set_exception(error)
    return answer
