"""The state of all links of an emulator under live control. A value without a clock, a file or a transport."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from splitwave.common.errors import ProtocolError, Refusal
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.channel_changes import MAX_PLANNED, PLAN, ChannelChange, PlannedValues
from splitwave.common.protocol.live_channel import UNCHANGED, ChannelValues, LiveChannel

_HALF = 1 << 32


@dataclass(frozen=True, slots=True)
class Plan:
    """The states of one link by query.

    Attributes:
        queries: ascending numbers of the queries from which on a state holds.
        channels: these states, each complete.
        kinds: their values, one example of each set of names.
    """

    queries: tuple[int, ...]
    channels: tuple[LiveChannel, ...]
    kinds: tuple[ChannelValues, ...]

    @classmethod
    def of(cls, rows: Mapping[int, LiveChannel]) -> "Plan":
        """The plan with these states, by the query from which on each holds, in ascending order."""
        kinds = {tuple(channel.values.given): channel.values for channel in rows.values()}
        return cls(tuple(rows), tuple(rows.values()), tuple(kinds.values()))

    def at(self, query: int, before: LiveChannel) -> LiveChannel:
        """The state that a query meets; `before` ahead of the first row."""
        row = bisect_right(self.queries, query)
        return self.channels[row - 1] if row else before


@dataclass(frozen=True, slots=True)
class LiveState:
    """The states of the links; each change makes a new object.

    Attributes:
        version: counts the changes of all links; the rows of a plan are changes.
        links: by link the state, for those that have been changed.
        plans: by link its plan.
    """

    version: int = 0
    links: Mapping[int, LiveChannel] = field(default_factory=dict)
    plans: Mapping[int, Plan] = field(default_factory=dict)

    def at(self, link: int, key: BlockKey) -> LiveChannel:
        """The state that a block meets: a plan concerns queries alone, all others meet the state without it."""
        channel = self.links.get(link, UNCHANGED)
        plan = self.plans.get(link)
        return plan.at(query_number(key), channel) if plan is not None and key.phase.is_of_queries else channel

    def kinds(self, link: int) -> list[ChannelValues]:
        """Values that the link has or will have, one example of each set of names."""
        plan = self.plans.get(link)
        return [self.links.get(link, UNCHANGED).values, *(() if plan is None else plan.kinds)]

    def changed(self, changes: Sequence[ChannelChange], known: Sequence[int]) -> "LiveState":
        """The state after changes, which take effect together.

        Args:
            changes: in their order.
            known: the links of the run, which a change without a link is for.

        Raises:
            ProtocolError: a link has a plan, which its change does not end, or no link is known.
        """
        version, links, plans = self.version + 1, dict(self.links), dict(self.plans)
        for change in changes:
            if change.link is None and not known:
                raise ProtocolError("no device has been welcomed yet: name a link", Refusal.FAILED_PRECONDITION)
            for link in known if change.link is None else (change.link,):
                if PLAN in change.reset:
                    plans.pop(link, None)
                if link in plans:
                    raise ProtocolError(
                        f"link {link} follows a plan of {len(plans[link].queries)} rows: end it first with plan=none",
                        Refusal.FAILED_PRECONDITION,
                    )
                links[link] = _after(links.get(link, UNCHANGED), change, version)
        return replace(self, version=version, links=links, plans=plans)

    def planned(self, rows: Iterable[PlannedValues]) -> "LiveState":
        """The state with these plans in place of earlier ones; each query at which something changes is a version.

        Raises:
            ProtocolError: there is no row, or there are too many.
        """
        in_order = sorted(rows, key=lambda row: row.query)
        if not 1 <= len(in_order) <= MAX_PLANNED:
            raise ProtocolError(f"a plan of {len(in_order)} rows: expected 1 to {MAX_PLANNED}")
        version, query = self.version, -1
        channels: defaultdict[int, dict[int, LiveChannel]] = defaultdict(dict)
        latest = dict(self.links)
        for row in in_order:
            version, query = version + (row.query != query), row.query
            values = row.values.over(latest.get(row.link, UNCHANGED).values)
            latest[row.link] = channels[row.link][row.query] = LiveChannel(version, values)
        plans = {link: Plan.of(of_link) for link, of_link in channels.items()}
        return replace(self, version=version, plans=plans)


def query_number(key: BlockKey) -> int:
    """The number of a query in its pass or stream, from 0; see `BlockKey` in uplink.proto."""
    return key.step // _HALF * _HALF + key.micro_batch


def _after(channel: LiveChannel, change: ChannelChange, version: int) -> LiveChannel:
    return LiveChannel(version, change.values.over(channel.values.without(change.reset - {PLAN})))
