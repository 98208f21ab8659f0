"""Times the queries of serving and load passes at the base station, for the answers that carry these times."""

from collections.abc import Callable

from splitwave.basestation.fusion.block_collector import Arrival, LatePart
from splitwave.basestation.run.decoding import Decoded
from splitwave.basestation.run.events import RunObserver
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.phases import Phase
from splitwave.common.protocol.timing import Hop, Stamps
from splitwave.common.records.results import DECODE_HOP, FUSE_WAIT_HOP

Times = tuple[tuple[Hop, ...], Stamps | None]
"""The hops and the time stamps of a link's answer; a serving pass has the former, a load pass the latter."""

_NO_TIMES: Times = ((), None)


class _QueryTimes:
    """When the parts of one query arrived, by link, when it was fused, and how many links have no answer yet."""

    def __init__(self, links: int) -> None:
        self.arrived_ns: dict[int, int] = {}
        self.fused_ns = 0
        self.unanswered = links

    def stamps(self, link: int, decoded: Decoded) -> Stamps:
        """A link's stamps, in order; events before the arrival of a late part get the time of its arrival."""
        arrived, fused = self.arrived_ns[link], self.fused_ns
        started, finished = decoded.started_ns, decoded.finished_ns
        if arrived > fused:
            fused, started, finished = arrived, max(started, arrived), max(finished, arrived)
        return Stamps(arrived, fused, started, finished)

    def hops(self, link: int, decoded: Decoded) -> tuple[Hop, ...]:
        """How long a link's part waited for the others and was decoded; a late part did neither."""
        waited, decoding = self.fused_ns - self.arrived_ns[link], decoded.finished_ns - decoded.started_ns
        if waited < 0:
            waited = decoding = 0
        return (Hop(FUSE_WAIT_HOP, waited), Hop(DECODE_HOP, decoding))


class QueryTimes(RunObserver):
    """Notes when the queries of one pass at a time arrive and are fused; forgets them once every link is answered."""

    def __init__(self, links: int) -> None:
        """Args: K."""
        self._links = links
        self._open: dict[int, _QueryTimes] = {}

    def expect(self, links: int) -> None:
        """A pass of this many links begins."""
        self._links = links
        self._open.clear()

    def lose_link(self) -> None:
        """A link less sends parts of new queries; the next pass forgets the queries that it left open."""
        self._links -= 1

    def block_arrived(self, key: BlockKey, link: int, at_ns: int) -> None:
        """Note when a link's part came in."""
        times = self._open.get(key.micro_batch)
        if times is None:
            if not key.phase.is_of_queries:
                return
            times = self._open[key.micro_batch] = _QueryTimes(self._links)
        times.arrived_ns[link] = at_ns

    def block_fused(self, arrival: Arrival, at_ns: int) -> None:
        """Note when the query had its links."""
        times = self._open.get(arrival.block.key.micro_batch)
        if times is not None:
            times.fused_ns = at_ns

    def block_answered(self, arrival: Arrival, decoded: Decoded) -> None:  # noqa: ARG002
        """Forget the query, unless some links have no answer yet."""
        self._answered(arrival.block.key, len(arrival.block.links) + len(arrival.block.dropped))

    def late_part_answered(self, part: LatePart) -> None:
        """Forget the query if this link was the last one."""
        self._answered(part.key, 1)

    def of(self, key: BlockKey, decoded: Decoded) -> Callable[[int], Times]:
        """The times that the answer to a decoded block carries, by link; none unless it is a query's."""
        times = self._open.get(key.micro_batch)
        if times is None:
            return lambda _: _NO_TIMES
        if key.phase is Phase.LOAD:
            return lambda link: ((), times.stamps(link, decoded))
        return lambda link: (times.hops(link, decoded), None)

    def _answered(self, key: BlockKey, links: int) -> None:
        times = self._open.get(key.micro_batch)
        if times is not None:
            times.unanswered -= links
            if not times.unanswered:
                del self._open[key.micro_batch]
