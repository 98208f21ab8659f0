"""Counts the queries that serving answered: all of them, and by the β of the links."""

from collections import defaultdict
from dataclasses import dataclass, field

from splitwave.common.protocol.arrays import Int64
from splitwave.common.protocol.reports import SymbolEntropy
from splitwave.common.records.results import ServedAtBeta, ServedQueries

Betas = tuple[float, ...]


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


@dataclass(slots=True)
class QueryCounts:
    """Counts of queries: all of them, and by the links' β.

    Attributes:
        total: of all queries.
        by_betas: by the links' β; the queries of plain networks are under the empty tuple.
    """

    total: QueryCount = field(default_factory=QueryCount)
    by_betas: defaultdict[Betas, QueryCount] = field(default_factory=lambda: defaultdict(QueryCount))

    def add(self, betas: Betas, sample_ids: Int64, errors: float) -> None:
        """Count a block of queries under the links' β."""
        self.total.add(sample_ids, errors)
        self.by_betas[betas].add(sample_ids, errors)

    def merge(self, other: "QueryCounts") -> None:
        """Add another count."""
        self.total.merge(other.total)
        for betas, count in other.by_betas.items():
            self.by_betas[betas].merge(count)


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
        return self._counts.total.totals()

    def results(self) -> tuple[ServedAtBeta, ...]:
        """The queries under each combination of the links' β, in the order of the β; empty for plain networks."""
        return tuple(
            ServedAtBeta(betas, count.totals(), self._mean_bits(betas))
            for betas, count in sorted(self._counts.by_betas.items(), key=lambda item: item[0])
            if betas
        )

    def _mean_bits(self, betas: Betas) -> float | None:
        known = [self._entropies.get((link, beta)) for link, beta in enumerate(betas)]
        bits = [entropy.bits for entropy in known if entropy is not None and entropy.bits is not None]
        return sum(bits) / len(betas) if len(bits) == len(betas) else None
