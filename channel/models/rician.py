"""Rician block fading with a line of sight: ẑ = |h|·z̃, h = s + σ·(x + jy) with x, y ~ N(0, 1)."""

from splitwave.channel.draws.fading_gain import FadingGain, FadingNumbers, amplitudes, line_of_sight
from splitwave.channel.draws.options import number, whole_number
from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.arrays import Float32
from splitwave.common.protocol.sample_positions import SamplePositions


class RicianChannel(FadingGain):
    """s² = K/(K + 1), 2σ² = 1/(K + 1), so E|h|² = 1; the receiver recovers the carrier phase (ADR 31)."""

    def __init__(self, config: RunConfig, link: int, *, k_db: float = 6.0, coherence: int = 1) -> None:
        """Args: settings, link, `k_db`: K in dB, and `coherence`: consecutive samples with the same h.

        Raises:
            ValueError: an option is out of range.
        """
        super().__init__(config, link, FadingNumbers.RICIAN)
        self._los, self._sigma = line_of_sight(number("k_db", k_db, -100, 100))
        self._coherence = whole_number("coherence", coherence, 1)

    def gains_at(self, positions: SamplePositions, draws: int) -> Float32:
        """|h|, independent from group to group, link to link and draw to draw."""
        normals = self._sigma * self._numbers.normals(positions, self._coherence, draws, 2)
        return amplitudes(self._los + normals[..., 0], normals[..., 1])
