"""The links of VDDIB-SR: ideal, or the AWGN channel of QML-IB."""

from collections.abc import Sequence
from functools import partial

import numpy as np
import torch
from torch import Tensor

from splitwave.channel.models.awgn import gaussian_noise
from splitwave.common.config.channel_settings import noise_variance_at
from splitwave.common.protocol.blocks import BlockKey


class SymbolChannel:
    """K parallel links, a pure function of (seed, link, block): ẑ = z̃ + ε, ε ~ N(0, σ²I)  [QML-IB, eq. (20)].

    The symbols of both rounds get noise of the variance σ² that the PSNR gives. Without a PSNR the links are ideal.
    """

    def __init__(self, seed: int, links: int, psnr_db: float | None) -> None:
        """Args: the seed of the noise, K, and the PSNR of every link in dB, or None for ideal links."""
        self._noise_of = []
        if psnr_db is not None:
            sigma = np.float32(noise_variance_at(psnr_db) ** 0.5)
            self._noise_of = [partial(gaussian_noise, seed, link, sigma=sigma) for link in range(links)]

    def transmit(self, sent: Sequence[Tensor], key: BlockKey) -> list[Tensor]:
        """The received symbols, K × (B, d). The gradient passes unchanged, because the noise is additive."""
        if not self._noise_of:
            return list(sent)
        return [self._noisy(link, symbols, key) for link, symbols in enumerate(sent)]

    def _noisy(self, link: int, symbols: Tensor, key: BlockKey) -> Tensor:
        samples, dimension = symbols.shape
        noise = self._noise_of[link](key=key, shape=(1, samples, dimension))
        return symbols + torch.from_numpy(noise[0])
