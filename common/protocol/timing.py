"""The times of a query: durations of hops for serving passes, time stamps for load passes."""

from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Hop:
    """Nanoseconds that a block spent in one place, measured by one party on its own clock."""

    name: str
    duration_ns: int


class ChannelStamps(NamedTuple):
    """When a query entered and left the emulator (in, out), and when its answer did (back, down)."""

    in_ns: int
    out_ns: int
    back_ns: int
    down_ns: int


class Stamps(NamedTuple):
    """The time stamps of a load pass's query that are taken before its answer reaches the device.

    `workload.LinkStamps` has these and the device's own.

    Attributes:
        arrived_ns: this link's part arrived at the base station.
        fused_ns: the last link's part arrived.
        decoding_ns: its turn at the decoder came.
        decoded_ns: the answer was ready.
        channel: the emulator's stamps, if there is one.
    """

    arrived_ns: int
    fused_ns: int
    decoding_ns: int
    decoded_ns: int
    channel: ChannelStamps | None = None
