"""The encoding of workloads, which are part of Measure and Evaluate, and of the time stamps of their queries."""

from splitwave.common.errors import ProtocolError
from splitwave.common.protocol.workload import DIRECT_STAMPS, STAMPS, LinkStamps, Overflow, Workload, check_workload
from splitwave.common.wire.hop_times import hop_times_from_bytes, hop_times_to_bytes
from splitwave.common.wire.pb import control_pb2, uplink_pb2

_OVERFLOWS = {
    Overflow.BLOCK: uplink_pb2.OVERFLOW_BLOCK,
    Overflow.DROP_OLDEST: uplink_pb2.OVERFLOW_DROP_OLDEST,
}


def workload_to_proto(workload: Workload) -> uplink_pb2.Workload:
    """Encode a workload."""
    return uplink_pb2.Workload(
        queries=workload.queries,
        samples=workload.samples,
        window=workload.window,
        rate_per_s=workload.rate_per_s,
        seed=workload.seed,
        overflow=_OVERFLOWS[workload.overflow],
    )


def workload_from_proto(message: uplink_pb2.Workload) -> Workload:
    """Decode a workload.

    Raises:
        ProtocolError: a value is out of its range.
    """
    workload = Workload(
        message.queries,
        message.samples,
        message.window,
        message.rate_per_s,
        message.seed,
        _overflow_from_proto(message.overflow),
    )
    check_workload(workload)
    return workload


def _overflow_from_proto(number: int) -> Overflow:
    for overflow, known in _OVERFLOWS.items():
        if number == known:
            return overflow
    expected = ", ".join(map(str, _OVERFLOWS.values()))
    raise ProtocolError(f"a workload with overflow = {number}: expected one of {expected}")


def link_stamps_to_proto(stamps: LinkStamps) -> control_pb2.MeasuredLink:
    """Encode one link's time stamps."""
    return control_pb2.MeasuredLink(link=stamps.link, names=stamps.names, at_ns=hop_times_to_bytes(stamps.at_ns))


def link_stamps_from_proto(message: control_pb2.MeasuredLink) -> LinkStamps:
    """Decode one link's time stamps.

    Raises:
        ProtocolError: the names are not `STAMPS` or `DIRECT_STAMPS`, or the bytes are not whole rows of int64.
    """
    names = tuple(message.names)
    if names not in (STAMPS, DIRECT_STAMPS):
        raise ProtocolError(
            f"time stamps {', '.join(names)}: expected {', '.join(STAMPS)}, or these without the channel's"
        )
    return LinkStamps(message.link, names, hop_times_from_bytes(message.at_ns, len(names)))
