"""A QML-IB training step of all parties in one process, for benchmarks."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from splitwave.common.learning.backbones.decoder import Decoder
from splitwave.common.learning.backbones.encoder import GaussianEncoder
from splitwave.common.learning.initialisation import initialise_linear_layers
from splitwave.device.quantization.codebook import Codebook

PIXELS = 784
GAMMA = 10.0
NOISE_VARIANCE = 0.1
_BETA = 1e-3

Quantize = Callable[[Tensor, Tensor, Tensor, Codebook], tuple[Tensor, Tensor]]
"""(μ, θ, encoder noise, codebook) → (symbols, rate in nats)."""


class Setting(NamedTuple):
    """The size of a step: B samples, K links, d features per link, T breakpoints."""

    batch: int
    links: int
    dimension: int
    breakpoints: int


class _Device(nn.Module):
    def __init__(self, setting: Setting) -> None:
        super().__init__()
        self.encoder = GaussianEncoder(PIXELS // setting.links, setting.dimension)
        self.codebook = Codebook(setting.breakpoints)


class TrainingStep:
    """Forward, backward and Adam step of K devices and the base station (Table I), on one fixed batch.

    Noise is drawn beforehand and is not part of the measured time. Equal settings give equal results.
    """

    def __init__(self, setting: Setting, quantize: Quantize | None) -> None:
        """Set up a step. If `quantize` is None, devices send the features z, and the objective has no rate."""
        rng = torch.Generator().manual_seed(0)
        features = setting.links, setting.batch, setting.dimension
        self._quantize = quantize
        self._views = torch.rand(setting.links, setting.batch, PIXELS // setting.links, generator=rng)
        self._labels = torch.randint(10, (setting.batch,), generator=rng)
        self._encoder_noise = torch.randn(features, generator=rng)
        self._channel_noise = torch.randn(features, generator=rng) * NOISE_VARIANCE**0.5
        self._devices = [_Device(setting) for _ in range(setting.links)]
        self._decoder = Decoder(setting.links * setting.dimension)
        parties = [*self._devices, self._decoder]
        for number, party in enumerate(parties):
            initialise_linear_layers(party, seed=0, party=number)
        self._optimisers = [torch.optim.Adam(party.parameters(), fused=True) for party in parties]

    def __call__(self) -> float:
        """Take one step, and return the loss before it, in nats per sample."""
        received, rates = zip(*map(self._uplink, range(len(self._devices))), strict=True)
        cross_entropy = functional.cross_entropy(self._decoder(torch.cat(received, dim=1)), self._labels)
        loss = cross_entropy + _BETA / len(self._labels) * torch.stack(rates).sum()
        for optimiser in self._optimisers:
            optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        for optimiser in self._optimisers:
            optimiser.step()
        return loss.item()

    def _uplink(self, link: int) -> tuple[Tensor, Tensor]:
        device, noise = self._devices[link], self._encoder_noise[link]
        mu, theta = device.encoder(self._views[link])
        if self._quantize is None:
            symbols, rate = mu + theta * noise, mu.new_zeros(())
        else:
            symbols, rate = self._quantize(mu, theta, noise, device.codebook)
        return symbols + self._channel_noise[link], rate
