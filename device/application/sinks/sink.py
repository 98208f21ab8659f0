"""The protocol of sinks."""

from typing import Protocol

from splitwave.device.application.answer import Answer


class AnswerSink(Protocol):
    """Takes answers, one after the other."""

    @property
    def failed(self) -> int:
        """Answers that could not be delivered until now."""

    def write(self, answer: Answer) -> None:
        """Take an answer; does not wait for a slow receiver."""

    def close(self) -> None:
        """Deliver what is still to be delivered, within a limited time."""
