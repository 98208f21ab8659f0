"""Constellations with one point for each codeword, of unit peak amplitude."""

import numpy as np
import torch
from torch import Tensor

from splitwave.channel.digital.constellation import CONSTELLATIONS
from splitwave.experiments.dt_jscc.settings import Modulation


def constellation_points(modulation: Modulation, codewords: int) -> Tensor:
    """(M, 2) float32, I and Q of each index: on the unit circle in order, or 16-QAM with |s| ≤ 1."""
    if modulation == "psk":
        angles = 2.0 * torch.pi * torch.arange(codewords, dtype=torch.float64) / codewords
        return torch.stack([angles.cos(), angles.sin()], dim=1).float()
    bits = np.unpackbits(np.arange(codewords, dtype=np.uint8)[:, None], axis=1)[:, 4:]
    return torch.from_numpy(CONSTELLATIONS[modulation].modulate(bits))


def nearest_points(received: Tensor, points: Tensor) -> Tensor:
    """(...,) int64 indices of the points nearest to (..., 2) received symbols.

    The nearest point has the largest y·s − |s|²/2.
    """
    return (received @ points.T - 0.5 * points.square().sum(dim=1)).argmax(dim=-1)
