"""The channel state as inputs of the base station's network: two more values behind the symbols of each sample."""

import numpy as np
from numpy.typing import NDArray

from splitwave.common.protocol.arrays import Float32
from splitwave.common.protocol.snr import psnr_db_of

COLUMNS = 2
LOWEST, HIGHEST = -10.0, 15.0
"""The range of both, in tens of decibels: −100 to 150 dB, as that of `channel.psnr_db`."""


def state_inputs(gain: NDArray[np.float64], variance: NDArray[np.float64]) -> Float32:
    """(…, 2) float32 of (…, 1) gains and noise variances: 20·log₁₀|ĝ|/10 and the peak PSNR, −10·log₁₀(v)/10.

    Tens of decibels are numbers of the size of symbols. The PSNR is that of a link with gain 1. No gain or no noise
    gives the end of the range.
    """
    powers = np.empty((*np.broadcast_shapes(gain.shape, variance.shape)[:-1], COLUMNS))
    powers[..., :1], powers[..., 1:] = gain**2, variance
    columns = psnr_db_of(powers) / 10
    np.negative(columns[..., :1], out=columns[..., :1])  # a gain's decibels are not a noise's
    return columns.clip(LOWEST, HIGHEST).astype(np.float32)
