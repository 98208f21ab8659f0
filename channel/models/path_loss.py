"""Path loss by distance: ẑ = g·z̃ with g² = (d₀/d)ⁿ  [the log-distance model]."""

import numpy as np

from splitwave.channel.draws.mobility import FARTHEST_M, NEAREST_M, Mobility, read_mobility
from splitwave.channel.draws.options import number
from splitwave.channel.draws.sample_gain import SampleGain
from splitwave.common.config.run_config import RunConfig
from splitwave.common.files.data_folder import data_folder, file_in_data_folder
from splitwave.common.protocol.arrays import Float32
from splitwave.common.protocol.sample_positions import SamplePositions

_LEAST_POWER = 1e-20


class PathLossChannel(SampleGain):
    """The power falls with the n-th power of the distance d; the PSNR of the settings is that at d₀.

    With a mobility trace, a sample at position i is sent at i·T from the distance that the trace has at that time, T
    being the time between two samples, `airtime_s`. Devices do not know the trace: their rate is that at `distance_m`.
    Gains on the way are bounded to ±200 dB.
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
        `mobility`: file in the data directory with the columns time_s, link, distance_m; see `draws.mobility`.

        Raises:
            ValueError: an option is out of range.
        """
        super().__init__(config, link)
        self._exponent = number("exponent", exponent, 0, 20)
        self._reference_m = number("reference_m", reference_m, NEAREST_M, FARTHEST_M)
        self._distance_m = number("distance_m", distance_m, NEAREST_M, FARTHEST_M)
        if not _LEAST_POWER <= self.mean_power <= 1 / _LEAST_POWER:
            raise ValueError(
                f"distance_m = {distance_m}, exponent = {exponent}: expected a gain between −200 and 200 dB, "
                f"got {self.mean_power:g} as power"
            )
        if mobility is not None and (not isinstance(mobility, str) or not mobility):
            raise ValueError(f"mobility = {mobility}: expected the name of a file in the data directory")
        self._path = mobility
        self._folder = data_folder()
        self._mobility: Mobility | None = None

    def load(self) -> None:
        """Read the mobility trace now, if there is one and it was not.

        Raises:
            DataError: it is missing, or something in it is wrong.
            ConfigError: it is neither CSV nor Parquet, or Parquet needs a package that is not installed.
        """
        if self._path is not None and self._mobility is None:
            file = file_in_data_folder("channel.model = path-loss, mobility", self._path, self._folder)
            self._mobility = read_mobility(file, self._link)

    @property
    def mean_power(self) -> float:
        """(d₀/d)ⁿ at `distance_m`."""
        return float((self._reference_m / self._distance_m) ** self._exponent)

    def gains_at(self, positions: SamplePositions, draws: int) -> Float32:
        """(d₀/d)^(n/2), the same in all draws."""
        self.load()
        distances_m = np.full(positions.samples, self._distance_m)
        if self._mobility is not None:
            at = float(positions.first) + np.arange(positions.samples, dtype=np.float64)
            distances_m = self._mobility.at(at * self._config.airtime_s)
        power = (self._reference_m / distances_m) ** self._exponent
        gains = np.sqrt(np.clip(power, _LEAST_POWER, 1 / _LEAST_POWER)).astype(np.float32)
        return np.broadcast_to(gains[:, None], (draws, len(gains), 1))
