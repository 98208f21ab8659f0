"""The outcome of a query, as the device that submitted its part has it."""

from dataclasses import dataclass

from splitwave.common.protocol.live_messages import QueryAnswer


@dataclass(frozen=True, slots=True)
class Reply:
    """The base station's answer, with this device's own time stamps, in nanoseconds of `time.perf_counter_ns`.

    Attributes:
        answer: of the base station, with its stamps and those of the channel emulator.
        submitted_ns: the application submitted its sample.
        encoded_ns: its symbols were ready; those that were sent last, if they were sent more than once.
        sent_ns: the transport took them; likewise.
        received_ns: the answer was received.
    """

    answer: QueryAnswer
    submitted_ns: int
    encoded_ns: int
    sent_ns: int
    received_ns: int
