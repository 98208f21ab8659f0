"""Measures the test error of a trained run with each way to send its level indices, and the costs of each.

Shapes: B samples, d features, n real numbers a sample on air.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from splitwave.channel.digital.modem import DigitalModem
from splitwave.common.config.channel_settings import BITS_PER_SYMBOL
from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import ConfigError
from splitwave.common.protocol.blocks import LevelPayload, SymbolBlock
from splitwave.common.protocol.phases import Phase, Symbols
from splitwave.experiments.evaluation.conditions import Condition
from splitwave.experiments.inprocess_run import InprocessRun
from splitwave.experiments.sweep.intervals import interval


class Scheme(NamedTuple):
    """A way to send level indices: as amplitudes without a modulation, else as bits, with an outer code."""

    modulation: str | None
    code: str = "none"

    def __str__(self) -> str:
        coded = "" if self.code == "none" else f", {self.code}"
        return f"{self.modulation or 'amplitudes'}{coded}"

    def settings(self, trained: RunConfig) -> RunConfig:
        """The run's settings with this scheme.

        Raises:
            ValueError: the run has no level indices, or its receiver does not fit.
        """
        tree = trained.model_dump(mode="json")
        tree["channel"]["digital"] = self._asdict()
        return RunConfig.model_validate(tree)


SCHEMES = (
    Scheme(None),
    *(Scheme(modulation, code) for modulation in BITS_PER_SYMBOL for code in ("none", "hamming-7-4")),
)


@dataclass(frozen=True, slots=True)
class Point:
    """One scheme at one PSNR.

    Attributes:
        scheme: how level indices were sent.
        psnr_db: peak PSNR of all links, QML-IB eq. (20).
        errors: test error, by realisation of the noise.
        symbols: of a sample and link.
        airtime_ms: of a sample and link, at the run's baud.
        energy: mean Σ|s|² of a sample and link, in units of P_max.
    """

    scheme: Scheme
    psnr_db: float
    errors: tuple[float, ...]
    symbols: int
    airtime_ms: float
    energy: float

    @property
    def error(self) -> float:
        """The mean over the realisations of the noise."""
        return interval(self.errors).mean


def compare(
    run: InprocessRun, psnrs_db: Sequence[float], noise_seeds: int = 1, schemes: Iterable[Scheme] = SCHEMES
) -> Iterator[Point]:
    """Measure every scheme at every PSNR, with the same noise seeds; afterwards the run has its settings again.

    Args:
        run: with its trained weights.
        psnrs_db: of all links.
        noise_seeds: how many realisations of the noise.
        schemes: the ways to send.

    Raises:
        ConfigError: the run has no level indices.
    """
    trained = run.trainer.config
    if not trained.quantizer.breakpoints:
        raise ConfigError("quantizer.breakpoints = 0 in the run's settings: it sends no level indices to compare")
    try:
        for scheme in schemes:
            settings = scheme.settings(trained)
            energy = _mean_energy(run, settings)
            for psnr_db in psnrs_db:
                conditions = [Condition(psnr_db, noise_number=number) for number in range(noise_seeds)]
                errors = tuple(_error(run, condition.settings(settings)) for condition in conditions)
                costs = settings.symbols_per_sample, 1e3 * settings.airtime_s, energy
                yield Point(scheme, psnr_db, errors, *costs)
    finally:
        run.retune(trained)


def _error(run: InprocessRun, settings: RunConfig) -> float:
    run.retune(settings)
    return run.evaluate(Phase.TEST, 0, Symbols.HARD).error


def _mean_energy(run: InprocessRun, settings: RunConfig) -> float:
    blocks = [block for answered in run.answered_blocks(Phase.TEST, 0, Symbols.HARD) for block in answered.blocks]
    energies = np.concatenate([_energies(run, settings, block) for block in blocks])
    return float(energies.mean())


def _energies(
    run: InprocessRun, settings: RunConfig, block: SymbolBlock
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """(B,) energies of a block's samples."""
    payload, codebook = block.payload, run.workers[block.link].model.codebook
    if not isinstance(payload, LevelPayload) or codebook is None:
        raise TypeError(f"{block.key} carries no level indices")
    levels = codebook.levels().detach().numpy()
    on_air = DigitalModem(settings).modulate(payload.indices)[0] if settings.channel.digital.modulation else None
    sent = levels[payload.indices] if on_air is None else on_air
    return np.asarray(np.square(sent.astype(np.float64)).sum(axis=1))
