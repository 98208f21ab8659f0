"""Counts the queries that serving answered: all, by the links' β, by the links used, by the state of their channels."""

from collections import defaultdict
from dataclasses import dataclass, field, replace

from splitwave.basestation.fusion.fusion_buffer import FusedBlock
from splitwave.common.protocol.arrays import Int64
from splitwave.common.protocol.live_channel import UNCHANGED, LiveChannel
from splitwave.common.protocol.reports import SymbolEntropy
from splitwave.common.records.results import LinkUse, ServedAtBeta, ServedByChannel, ServedByLinks, ServedQueries

Betas = tuple[float, ...]
Links = tuple[int, ...]
Channels = tuple[LiveChannel, ...]

MAX_STATES = 1024
"""States of the links that are counted apart; queries under all later ones are counted together."""


@dataclass(slots=True)
class QueryCount:
    """A count of answered queries; several may ask about one sample.

    Attributes:
        queries: how many.
        errors: the sum of their answers' errors.
        samples: the places in the test split that they asked about.
    """

    queries: int = 0
    errors: float = 0.0
    samples: set[int] = field(default_factory=set)

    def add(self, sample_ids: Int64, errors: float) -> None:
        """Count a block of queries, (B,) places in the test split, and the sum of its answers' errors."""
        self.queries += len(sample_ids)
        self.errors += errors
        self.samples.update(sample_ids.tolist())

    def merge(self, other: "QueryCount") -> None:
        """Add another count."""
        self.queries += other.queries
        self.errors += other.errors
        self.samples |= other.samples

    def totals(self) -> ServedQueries:
        """The count as a run reports it; at least one query must be counted."""
        return ServedQueries(self.queries, len(self.samples), self.errors / self.queries)


class QueryCounts:
    """Counts of queries by the links' β, the links that their answers were computed from, and their channels."""

    def __init__(self) -> None:
        """No query was answered yet."""
        self._counts: defaultdict[tuple[Betas, Links, Channels | None], QueryCount] = defaultdict(QueryCount)
        self._states: set[Channels] = set()
        self._uses: defaultdict[int, LinkUse] = defaultdict(LinkUse)

    def add_block(self, block: FusedBlock, sample_ids: Int64, errors: float) -> None:
        """Count an answered block, of adapted links not by their β, which change from query to query."""
        self.add(() if block.sent else block.betas, sample_ids, errors, block.used, block.channels)
        for link, part in block.sent.items():
            count = len(sample_ids)
            self._uses[link] += LinkUse(count, count * part.sends, count * part.bits, count * part.symbols)

    def add(self, betas: Betas, sample_ids: Int64, errors: float, links: Links = (), channels: Channels = ()) -> None:
        """Count a block of queries.

        Args:
            betas: of the links.
            sample_ids: (B,) places in the test split.
            errors: the sum of the answers' errors.
            links: those whose symbols it was answered from.
            channels: by link the state that the symbols met; empty for that of the settings.
        """
        self._counts[betas, links, self._apart(channels)].add(sample_ids, errors)

    def merge(self, other: "QueryCounts") -> None:
        """Add another count."""
        for (betas, links, channels), count in other._counts.items():
            apart = None if channels is None else self._apart(channels)
            self._counts[betas, links, apart].merge(count)
        for link, use in other._uses.items():
            self._uses[link] += use

    @property
    def uses(self) -> tuple[LinkUse, ...]:
        """By link, what adapted links spent; empty if they are not adapted."""
        return tuple(self._uses[link] for link in range(max(self._uses, default=-1) + 1))

    @property
    def total(self) -> QueryCount:
        """The count of all queries."""
        total = QueryCount()
        for count in self._counts.values():
            total.merge(count)
        return total

    @property
    def by_betas(self) -> dict[Betas, QueryCount]:
        """The counts by the links' β; the queries of plain networks are under the empty tuple."""
        counts: defaultdict[Betas, QueryCount] = defaultdict(QueryCount)
        for (betas, _, _), count in self._counts.items():
            counts[betas].merge(count)
        return counts

    @property
    def by_links(self) -> dict[Links, QueryCount]:
        """The counts by the links whose symbols reached the decoder."""
        counts: defaultdict[Links, QueryCount] = defaultdict(QueryCount)
        for (_, links, _), count in self._counts.items():
            counts[links].merge(count)
        return counts

    @property
    def by_channels(self) -> dict[Channels | None, QueryCount]:
        """The counts by the links' channels: empty for those of the settings, None for all beyond `MAX_STATES`."""
        counts: defaultdict[Channels | None, QueryCount] = defaultdict(QueryCount)
        for (_, _, channels), count in self._counts.items():
            counts[channels].merge(count)
        return counts

    def _apart(self, channels: Channels) -> Channels | None:
        if channels not in self._states:
            if len(self._states) >= MAX_STATES:
                return None
            self._states.add(channels)
        return channels


class ServingCounts:
    """The queries of all finished serving passes of a run, however often it started over."""

    def __init__(self) -> None:
        self._counts = QueryCounts()
        self._entropies: dict[tuple[int, float], SymbolEntropy] = {}

    def add(self, counts: QueryCounts) -> None:
        """Count a finished pass."""
        self._counts.merge(counts)

    def report(self, link: int, entropies: tuple[SymbolEntropy, ...]) -> None:
        """Keep a link's symbol entropy at each β.

        A device that was welcomed again counts from 0, so the entropy over the most samples is kept.
        """
        for entropy in entropies:
            known = self._entropies.get((link, entropy.beta))
            if known is None or entropy.samples >= known.samples:
                self._entropies[link, entropy.beta] = entropy

    def queries(self) -> ServedQueries:
        """All answered queries; at least one pass must have ended."""
        return replace(self._counts.total.totals(), uses=self._counts.uses)

    def results(self) -> tuple[ServedAtBeta, ...]:
        """The queries under each combination of the links' β, in the order of the β; empty for plain networks."""
        return tuple(
            ServedAtBeta(betas, count.totals(), self._mean_bits(betas))
            for betas, count in sorted(self._counts.by_betas.items(), key=lambda item: item[0])
            if betas
        )

    def by_links(self) -> tuple[ServedByLinks, ...]:
        """The queries by the links that their answers were computed from, most links first."""
        counts = sorted(self._counts.by_links.items(), key=lambda item: (-len(item[0]), item[0]))
        return tuple(ServedByLinks(links, count.totals()) for links, count in counts)

    def by_channel(self) -> tuple[ServedByChannel, ...]:
        """The queries by the states of the links, in the order of their versions; empty if nobody changed a link."""
        counts = dict(self._counts.by_channels)
        links = max((len(channels or ()) for channels in counts), default=0)
        if not links:
            return ()
        rest = counts.pop(None, None)
        by_state = {
            channels or (UNCHANGED,) * links: count for channels, count in counts.items() if channels is not None
        }
        in_order = sorted(by_state.items(), key=lambda item: [channel.version for channel in item[0]])
        states = [ServedByChannel(channels, count.totals()) for channels, count in in_order]
        return (*states, *(() if rest is None else (ServedByChannel((), rest.totals()),)))

    def _mean_bits(self, betas: Betas) -> float | None:
        known = [self._entropies.get((link, beta)) for link, beta in enumerate(betas)]
        bits = [entropy.bits for entropy in known if entropy is not None and entropy.bits is not None]
        return sum(bits) / len(betas) if len(bits) == len(betas) else None
