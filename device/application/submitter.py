"""Submits samples to a link and gives out answers, from any thread; all forms of the interface stand on it."""

import time
from collections.abc import Sequence
from concurrent.futures import CancelledError, Future

from splitwave.common.errors import RunFailedError, UnreachableError
from splitwave.common.protocol.query_name import QueryName
from splitwave.device.application.answer import Answer, AnswerReader
from splitwave.device.application.hops import hops_of
from splitwave.device.application.live_link import LiveLink
from splitwave.device.application.query_names import QueryNames
from splitwave.device.application.sample import Sample, SampleReader
from splitwave.device.live.reply import Reply


class Submitter:
    """Checks and names samples, and submits them.

    Attributes:
        link: the link to the base station.
        answers: what is known about answers: classes and units.
    """

    def __init__(
        self,
        link: LiveLink,
        *,
        stream: int = 0,
        capture_period_ms: float | None = None,
        class_names: Sequence[str] = (),
    ) -> None:
        """Stand on a link, which the submitter closes.

        Args:
            link: to the base station.
            stream: as for `QueryNames`.
            capture_period_ms: likewise.
            class_names: as for `AnswerReader`.

        Raises:
            ConfigError: one of them does not fit.
        """
        self.link = link
        self.answers = AnswerReader(link.contract.task, class_names)
        self._samples = SampleReader(link)
        self._names = QueryNames(stream, capture_period_ms)

    def submit(
        self,
        x: object,
        *,
        stream: int | None = None,
        sequence: int | None = None,
        captured_ns: int | None = None,
    ) -> "Future[Answer]":
        """Submit a sample; the arguments are those of `Device.submit`.

        Raises:
            SampleError: the sample or its name is refused.
        """
        called_ns = time.perf_counter_ns()
        features = self._samples.read(x)
        name = self._names.begin(stream, sequence, captured_ns)
        answer: Future[Answer] = Future()
        try:
            reply = self.link.submit(name, features)
        except BaseException:
            self._names.end(name)
            raise
        reply.add_done_callback(lambda done: self._hand_out(called_ns, name, done, answer))
        return answer

    def submit_sample(self, sample: Sample) -> "Future[Answer]":
        """Submit a sample of a source, with its name where it has one."""
        return self.submit(sample.x, stream=sample.stream, sequence=sample.sequence, captured_ns=sample.captured_ns)

    def close(self) -> None:
        """Close the link."""
        self.link.close()

    def _hand_out(self, called_ns: int, name: QueryName, reply: "Future[Reply]", answer: "Future[Answer]") -> None:
        self._names.end(name)
        if not answer.set_running_or_notify_cancel():  # the application does not want it any more
            return
        try:
            found = reply.result()
            answer.set_result(self.answers.read(found.answer, hops_of(called_ns, found, time.perf_counter_ns())))
        except CancelledError:
            answer.set_exception(RunFailedError("the link was closed before the answer came"))
        except Exception as error:  # for the caller that waits
            answer.set_exception(error)


def answer_within(answer: "Future[Answer]", timeout_s: float | None) -> Answer:
    """Wait for an answer.

    Raises:
        UnreachableError: none came in time.
    """
    try:
        return answer.result(timeout_s)
    except TimeoutError:
        if answer.done():  # the error of the query itself
            raise
        answer.cancel()
        raise UnreachableError(f"no answer within {timeout_s:g} s") from None
