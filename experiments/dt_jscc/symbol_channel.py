"""K parallel links that carry an index as one complex symbol over AWGN, with hard decisions."""

from functools import partial

import numpy as np
import torch
from torch import Tensor

from splitwave.channel.models.awgn import gaussian_noise
from splitwave.common.config.channel_settings import noise_variance_at
from splitwave.common.protocol.blocks import BlockKey
from splitwave.experiments.dt_jscc.points import constellation_points, nearest_points
from splitwave.experiments.dt_jscc.settings import Settings


class SymbolChannel:
    """Received indices as a pure function of (seed, link, block) and what is sent; σ² in each real dimension."""

    def __init__(self, settings: Settings, psnr_db: float) -> None:
        """Args: the settings, and the peak PSNR of every link in dB."""
        self._points = constellation_points(settings.modulation, settings.codewords)
        sigma = np.float32(noise_variance_at(psnr_db) ** 0.5)
        self._noise_of = [partial(gaussian_noise, settings.seed, link, sigma=sigma) for link in range(settings.links)]

    @torch.no_grad()
    def transmit(self, link: int, indices: Tensor, key: BlockKey) -> Tensor:
        """(B, d) int64 indices of a link to (B, d) decided ones."""
        samples, symbols = indices.shape
        noise = torch.from_numpy(self._noise_of[link](key=key, shape=(1, samples, 2 * symbols))[0])
        return nearest_points(self._points[indices] + noise.view(samples, symbols, 2), self._points)
