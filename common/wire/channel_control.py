"""The messages of the emulator's control service (`ChannelControl`)."""

from collections.abc import Iterable

from splitwave.common.errors import ProtocolError
from splitwave.common.protocol.channel_changes import ChannelChange, ChannelReport, LinkReport, PlannedValues
from splitwave.common.wire.live_channel import (
    live_channel_from_proto,
    live_channel_to_proto,
    values_from_proto,
    values_to_proto,
)
from splitwave.common.wire.pb import channel_control_pb2 as pb


def change_to_proto(change: ChannelChange) -> pb.Change:
    """Encode a change."""
    return pb.Change(link=change.link, values=values_to_proto(change.values), reset=sorted(change.reset))


def change_from_proto(message: pb.Change) -> ChannelChange:
    """Decode a change.

    Raises:
        ProtocolError: it names no link, no value or a value outside of its range.
    """
    link = message.link if message.HasField("link") else None
    values = values_from_proto(message.values)
    try:
        return ChannelChange(link, values, frozenset(message.reset))
    except ValueError as error:
        raise ProtocolError(str(error)) from None


def plan_to_proto(rows: Iterable[PlannedValues]) -> pb.PlanChunk:
    """Encode rows of a plan."""
    return pb.PlanChunk(
        rows=[pb.PlannedValues(link=row.link, query=row.query, values=values_to_proto(row.values)) for row in rows]
    )


def plan_from_proto(message: pb.PlanChunk) -> list[PlannedValues]:
    """Decode rows of a plan.

    Raises:
        ProtocolError: one names no link or no value, or a value outside of its range.
    """
    try:
        return [PlannedValues(row.link, row.query, values_from_proto(row.values)) for row in message.rows]
    except ValueError as error:
        raise ProtocolError(str(error)) from None


def report_to_proto(report: ChannelReport) -> pb.ChannelState:
    """Encode the state of an emulator."""
    links = [
        pb.LinkState(
            link=each.link,
            channel=live_channel_to_proto(each.channel),
            planned=each.planned,
            connected=each.connected,
        )
        for each in report.links
    ]
    return pb.ChannelState(version=report.version, links=links)


def report_from_proto(message: pb.ChannelState) -> ChannelReport:
    """Decode the state of an emulator.

    Raises:
        ProtocolError: a value is outside of its range.
    """
    links = tuple(
        LinkReport(each.link, live_channel_from_proto(each.channel), each.planned, each.connected)
        for each in message.links
    )
    return ChannelReport(message.version, links)
