"""The links: ideal, or the AWGN channel that QML-IB's symbols go through."""

from collections.abc import Sequence

import torch
from torch import Tensor

from splitwave.channel.models.awgn import AwgnChannel
from splitwave.common.protocol.blocks import BlockKey


class SymbolChannel:
    """K parallel links, a pure function of (seed, link, block): ẑ = z̃ + ε, ε ~ N(0, σ²I)  [QML-IB, eq. (20)].

    σ² = 10^(−PSNR/10) with P_max = 1, on every symbol of both rounds; without a PSNR the links are ideal.
    """

    def __init__(self, seed: int, links: int, psnr_db: float | None) -> None:
        """Args: the seed of the noise, K, and the PSNR of every link in dB or None."""
        variance = None if psnr_db is None else 10.0 ** (-psnr_db / 10.0)
        self._channels = (
            []
            if variance is None
            else [AwgnChannel(seed=seed, link=link, noise_variance=variance) for link in range(links)]
        )

    def transmit(self, sent: Sequence[Tensor], key: BlockKey) -> list[Tensor]:
        """K × (B, d) symbols as received; the gradient passes unchanged, for the noise is additive."""
        if not self._channels:
            return list(sent)
        return [self._noisy(link, symbols, key) for link, symbols in enumerate(sent)]

    def _noisy(self, link: int, symbols: Tensor, key: BlockKey) -> Tensor:
        noise = self._channels[link].draw(key, 1, *symbols.shape)
        return symbols + torch.from_numpy(noise[0])
