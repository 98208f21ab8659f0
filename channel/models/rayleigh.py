"""Rayleigh block fading without a line of sight: ẑ = |h|·z̃, h ~ CN(0, 1)."""

from splitwave.channel.draws.fading_gain import FadingGain, FadingNumbers, amplitudes, line_of_sight
from splitwave.channel.draws.options import whole_number
from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.arrays import Float32
from splitwave.common.protocol.sample_positions import SamplePositions

_, SIGMA = line_of_sight(None)


class RayleighChannel(FadingGain):
    """|h| has the density 2g·e^(−g²), with E|h|² = 1; the receiver recovers the carrier phase (ADR 31)."""

    def __init__(self, config: RunConfig, link: int, *, coherence: int = 1) -> None:
        """Args: settings, link, and `coherence`: consecutive samples with the same h, whatever block they are in.

        Raises:
            ValueError: an option is out of range.
        """
        super().__init__(config, link, FadingNumbers.RAYLEIGH)
        self._coherence = whole_number("coherence", coherence, 1)

    def gains_at(self, positions: SamplePositions, draws: int) -> Float32:
        """|h|, independent from group to group, link to link and draw to draw."""
        normals = SIGMA * self._numbers.normals(positions, self._coherence, draws, 2)
        return amplitudes(normals[..., 0], normals[..., 1])
