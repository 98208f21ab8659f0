"""The time that a query spends in each hop, as far as single clocks tell it.

Stamps of different machines have no common origin. A difference of two stamps of one party is a duration all the same;
and the time between two parties is the round trip that the nearer one measured, less the time that the farther one had
the query. Both directions of a connection are therefore one hop.
"""

from collections.abc import Iterator

from splitwave.common.protocol.live_messages import Outcome
from splitwave.common.protocol.timing import Stamps
from splitwave.common.records.results import DECODE_HOP, DEVICE_LINK_HOP, ENCODE_HOP, FUSE_WAIT_HOP
from splitwave.device.live.reply import Reply

APPLICATION_HOP = "application"
"""In this process before and after the link: checks of the sample, its name, the answer as an object."""
SEND_HOP = "send"
"""From symbols to bytes that are handed to the connection."""
EMULATE_HOP = "emulate"
BACKHAUL_HOP = "backhaul"
"""From the channel emulator to the base station and back."""
QUEUE_HOP = "decoder queue"


def hops_of(called_ns: int, reply: Reply, delivered_ns: int) -> dict[str, int]:
    """Nanoseconds by hop, in the order of a query's way.

    A part without an answer of its own (late, too few links) did not wait for others or for the decoder: its time at
    the base station is one with the way there.

    Args:
        called_ns: when the application submitted the sample, on the clock of the reply.
        reply: of the link.
        delivered_ns: when the application gets the answer.
    """
    inside = dict(_inside(reply.answer.stamps, reply.answer.outcome))
    return {
        APPLICATION_HOP: reply.submitted_ns - called_ns + delivered_ns - reply.received_ns,
        ENCODE_HOP: reply.encoded_ns - reply.submitted_ns,
        SEND_HOP: reply.sent_ns - reply.encoded_ns,
        DEVICE_LINK_HOP: max(0, reply.received_ns - reply.sent_ns - sum(inside.values())),
        **inside,
    }


def _inside(stamps: Stamps, outcome: Outcome) -> Iterator[tuple[str, int]]:
    """Hops beyond the device's connection; a stamp of 0 was not taken."""
    answered = outcome is Outcome.ANSWERED and 0 < stamps.arrived_ns <= stamps.decoded_ns
    at_station_ns = stamps.decoded_ns - stamps.arrived_ns if answered else 0
    if (channel := stamps.channel) is not None and 0 < channel.in_ns <= channel.out_ns <= channel.back_ns:
        yield EMULATE_HOP, channel.out_ns - channel.in_ns + max(0, channel.down_ns - channel.back_ns)
        yield BACKHAUL_HOP, max(0, channel.back_ns - channel.out_ns - at_station_ns)
    if answered:
        yield FUSE_WAIT_HOP, max(0, stamps.fused_ns - stamps.arrived_ns)
        yield QUEUE_HOP, max(0, stamps.decoding_ns - max(stamps.fused_ns, stamps.arrived_ns))
        yield DECODE_HOP, max(0, stamps.decoded_ns - stamps.decoding_ns)
