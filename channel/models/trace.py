"""Replay of a measured or simulated link: ẑ = g(t)·z̃, with g from a file."""

import math

import numpy as np

from splitwave.channel.draws.gain_trace import GainTrace, read_gain_trace
from splitwave.channel.draws.options import number, whole_number
from splitwave.channel.draws.sample_gain import SampleGain
from splitwave.common.config.run_config import RunConfig
from splitwave.common.files.data_folder import data_folder, file_in_data_folder
from splitwave.common.protocol.arrays import Float32
from splitwave.common.protocol.sample_positions import SamplePositions

_LONGEST_S = 1e9


class TraceChannel(SampleGain):
    """One link's trace; the gain is the same in all draws.

    Sample n of a training, or of a pass, is at start_s + n·period_s in the file's time. Only the emulator reads the
    file: devices, which need the noise variance alone, may lack it, and reckon with a gain of 1.
    """

    def __init__(  # noqa: D417 — config and link are those of every model
        self,
        config: RunConfig,
        link: int,
        *,
        path: str,
        period_s: float | None = None,
        start_s: float = 0.0,
        node: int | None = None,
        receiver: int | None = None,
    ) -> None:
        """Set up a link, without reading the file.

        Args:
            path: of the file, in the data directory.
            period_s: time between two samples; by default a sample's airtime.
            start_s: the file's time at the first sample.
            node: the link's number in the file, `tx` in a scenario; by default the link's index.
            receiver: the receiving node, `rx`, in a scenario with several.

        Raises:
            ValueError: an option is out of range.
        """
        super().__init__(config, link)
        if not isinstance(path, str) or not path:
            raise ValueError(f"path = {path}: expected the name of a file in the data directory")
        self._path = path
        self._folder = data_folder()
        self._period_s = config.airtime_s if period_s is None else number("period_s", period_s, 1e-9, _LONGEST_S)
        self._start_s = number("start_s", start_s, -_LONGEST_S, _LONGEST_S)
        self._node = link if node is None else whole_number("node", node, 0)
        self._receiver = None if receiver is None else whole_number("receiver", receiver, 0)
        self._trace: GainTrace | None = None

    def load(self) -> None:
        """Read the file now, if it was not.

        Raises:
            DataError: it is missing, or something in it is wrong.
            ConfigError: it is neither CSV nor Parquet, or Parquet needs a package that is not installed.
        """
        if self._trace is None:
            path = file_in_data_folder("channel.model = trace, path", self._path, self._folder)
            psnr_db = -10 * math.log10(self._config.noise_variance(self._link))
            self._trace = read_gain_trace(path, self._node, psnr_db, self._receiver, self._config.channel.baud)

    @property
    def has_psnr(self) -> bool:
        """Whether the file says the link's PSNR, so that no other setting does; errors as for `load`."""
        self.load()
        assert self._trace is not None
        return self._trace.has_psnr

    def gains_at(self, positions: SamplePositions, draws: int) -> Float32:
        """The gains at the times of the samples; read-only."""
        self.load()
        assert self._trace is not None
        gains = self._trace.at(self._start_s + positions.values.astype(np.float64) * self._period_s)
        return np.broadcast_to(gains[:, None], (draws, len(gains), 1))

    @property
    def mean_power(self) -> float:
        """1: devices do not know the trace."""
        return 1.0
