"""Times the queries of serving and load passes at the base station, for the answers that carry these times."""

from collections.abc import Callable

from splitwave.basestation.fusion.block_collector import Arrival, LatePart
from splitwave.basestation.run.decoding import Decoded
from splitwave.basestation.run.events import RunObserver
from splitwave.common.protocol.messages import BlockKey, Hop, Phase, Stamps
from splitwave.common.records.results import FUSE_WAIT_HOP

DECODE_HOP = "decode"

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
        """A link's stamps; a part that was late waited for nothing: what it missed counts as over when it came."""
        arrived = self.arrived_ns[link]
        fused, started, finished = self.fused_ns, decoded.started_ns, decoded.finished_ns
        return Stamps(arrived, max(fused, arrived), max(started, arrived), max(finished, arrived))


class QueryTimes(RunObserver):
    """Notes when queries arrive and are fused, and forgets them once every link has its answer."""

    def __init__(self, links: int) -> None:
        """Args: K."""
        self._links = links
        self._open: dict[BlockKey, _QueryTimes] = {}

    def block_arrived(self, key: BlockKey, link: int, at_ns: int) -> None:
        """Note when a link's part came in."""
        if not key.phase.is_of_queries:
            return
        times = self._open.get(key)
        if times is None:
            times = self._open[key] = _QueryTimes(self._links)
        times.arrived_ns[link] = at_ns

    def block_fused(self, arrival: Arrival, at_ns: int) -> None:
        """Note when the query had its links."""
        if arrival.block.key.phase.is_of_queries:
            self._open[arrival.block.key].fused_ns = at_ns

    def block_answered(self, arrival: Arrival, decoded: Decoded) -> None:  # noqa: ARG002
        """Forget the query, unless some links have no answer yet."""
        self._answered(arrival.block.key, len(arrival.block.links))

    def late_part_answered(self, part: LatePart) -> None:
        """Forget the query if this link was the last one."""
        self._answered(part.key, 1)

    def of(self, key: BlockKey, decoded: Decoded) -> Callable[[int], Times]:
        """The times that the answer to a decoded block carries, by link; none but for queries."""
        if not key.phase.is_of_queries:
            return lambda _: _NO_TIMES
        times = self._open[key]
        if key.phase is Phase.LOAD:
            return lambda link: ((), times.stamps(link, decoded))

        def hops(link: int) -> Times:
            at = times.stamps(link, decoded)
            waited, decoding = at.fused_ns - at.arrived_ns, at.decoded_ns - at.decoding_ns
            return (Hop(FUSE_WAIT_HOP, waited), Hop(DECODE_HOP, decoding)), None

        return hops

    def _answered(self, key: BlockKey, links: int) -> None:
        if key.phase.is_of_queries:
            times = self._open[key]
            times.unanswered -= links
            if not times.unanswered:
                del self._open[key]
