"""Path loss by distance: ẑ = g·z̃ with g² = (d₀/d)ⁿ  [the log-distance model]."""

import numpy as np

from splitwave.channel.draws.mobility import Mobility
from splitwave.channel.draws.options import number
from splitwave.channel.draws.sample_gain import SampleGain
from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.arrays import Float32
from splitwave.common.protocol.sample_positions import SamplePositions

_NEAREST_M, _FARTHEST_M = 1e-3, 1e9
_LEAST_POWER = 1e-20


class PathLossChannel(SampleGain):
    """The power falls with the n-th power of the distance d; the PSNR of the settings is that at d₀.

    With a mobility trace, a sample at position i is sent at i·T from the distance that the trace has at that time, T
    being the time between two samples, `airtime_s`. Devices do not know the trace: their rate is that at `distance_m`.
    """

    def __init__(
        self,
        config: RunConfig,
        link: int,
        *,
        distance_m: float,
        exponent: float = 3.0,
        reference_m: float = 1.0,
        mobility: str | None = None,
    ) -> None:
        """Args: settings, link, and the options.

        `distance_m`: d. `exponent`: n, 2 in free space. `reference_m`: d₀, where g = 1; a nearer device has g > 1.
        `mobility`: path of a CSV file with the columns time_s, link, distance_m.

        Raises:
            ValueError: an option is out of range.
        """
        super().__init__(config, link)
        self._exponent = number("exponent", exponent, 0, 20)
        self._reference_m = number("reference_m", reference_m, _NEAREST_M, _FARTHEST_M)
        self._distance_m = number("distance_m", distance_m, _NEAREST_M, _FARTHEST_M)
        if not _LEAST_POWER <= self.mean_power <= 1 / _LEAST_POWER:
            raise ValueError(
                f"distance_m = {distance_m}, exponent = {exponent}: expected a gain between −200 and 200 dB, "
                f"got {self.mean_power:g} as power"
            )
        if mobility is not None and not isinstance(mobility, str):
            raise ValueError(f"mobility = {mobility}: expected the path of a CSV file")
        self._mobility = None if mobility is None else Mobility(mobility, link)

    @property
    def mean_power(self) -> float:
        """(d₀/d)ⁿ at `distance_m`."""
        return float((self._reference_m / self._distance_m) ** self._exponent)

    def gains_at(self, positions: SamplePositions, draws: int) -> Float32:
        """(d₀/d)^(n/2), the same in all draws."""
        distances = np.full(positions.samples, self._distance_m)
        if self._mobility is not None:
            at = float(positions.first) + np.arange(positions.samples, dtype=np.float64)
            distances = self._mobility.distances_m(at * self._config.airtime_s)
        gains = ((self._reference_m / distances) ** (self._exponent / 2)).astype(np.float32)
        return np.broadcast_to(gains[:, None], (draws, len(gains), 1))
