"""What serving came to, by the β of the links."""

from collections import defaultdict
from dataclasses import dataclass, field

from common.messages import SymbolEntropy
from common.results import ServedAtBeta

Betas = tuple[float, ...]


@dataclass(slots=True)
class Tally:
    """Answers under the links' β of one pass, which counts once it is over.

    Attributes:
        samples, errors: by the links' β; how many, and the sum of the answers' errors.
    """

    samples: defaultdict[Betas, int] = field(default_factory=lambda: defaultdict(int))
    errors: defaultdict[Betas, float] = field(default_factory=lambda: defaultdict(float))

    def add(self, betas: Betas, samples: int, errors: float) -> None:
        """Count a block; one that carries no β counts nothing."""
        if betas:
            self.samples[betas] += samples
            self.errors[betas] += errors


class Served:
    """All finished serving passes of a run, however often it started over."""

    def __init__(self) -> None:
        self._total = Tally()
        self._entropies: dict[tuple[int, float], SymbolEntropy] = {}

    def add(self, tally: Tally) -> None:
        """Count a finished pass."""
        for betas, samples in tally.samples.items():
            self._total.add(betas, samples, tally.errors[betas])

    def report(self, link: int, entropies: tuple[SymbolEntropy, ...]) -> None:
        """Keep what a link says of its symbols; over the most samples, for one that was welcomed again begins anew."""
        for entropy in entropies:
            known = self._entropies.get((link, entropy.beta))
            if known is None or entropy.samples >= known.samples:
                self._entropies[link, entropy.beta] = entropy

    def results(self) -> tuple[ServedAtBeta, ...]:
        """One for each combination of the links' β, in their order."""
        total = self._total
        return tuple(
            ServedAtBeta(betas, samples, total.errors[betas] / samples, self._mean_bits(betas))
            for betas, samples in sorted(total.samples.items())
        )

    def _mean_bits(self, betas: Betas) -> float | None:
        known = [self._entropies.get((link, beta)) for link, beta in enumerate(betas)]
        bits = [entropy.bits for entropy in known if entropy is not None and entropy.bits is not None]
        return sum(bits) / len(betas) if len(bits) == len(betas) else None
