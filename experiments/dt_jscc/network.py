"""The networks: an encoder and a codebook for each device, and one decoder."""

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from splitwave.common.learning.initialisation import initialise_linear_layers
from splitwave.common.randomness import Purpose, generator
from splitwave.experiments.dt_jscc.settings import Settings

CLASSES = 10
_CODEBOOK = 1
"""The place of a codebook's first values in the random numbers of a device, behind its one layer."""


class Device(nn.Module):
    """A linear encoder of (B, P) views to d groups of D features, and M codewords of D features."""

    def __init__(self, settings: Settings, pixels: int) -> None:
        super().__init__()
        self._shape = settings.symbols, settings.codeword_features
        self.encoder = nn.Linear(pixels, settings.symbols * settings.codeword_features)
        self.codebook = nn.Parameter(torch.empty(settings.codewords, settings.codeword_features))

    def scores(self, view: Tensor) -> Tensor:
        """(B, d, M) inner products of features and codewords over √D, the logits of p(index | view)."""
        groups: Tensor = self.encoder(view).view(-1, *self._shape)
        return groups @ self.codebook.T / math.sqrt(self._shape[1])


class DtJscc(nn.Module):
    """K devices and a decoder of two hidden layers."""

    def __init__(self, settings: Settings, pixels: Sequence[int]) -> None:
        """Args: the settings, and the pixels of each view."""
        super().__init__()
        self.devices = nn.ModuleList(Device(settings, count) for count in pixels)
        one, two = settings.decoder_widths
        received = settings.links * settings.symbols * settings.codeword_features
        self.decoder = nn.Sequential(
            nn.Linear(received, one), nn.ReLU(), nn.Linear(one, two), nn.ReLU(), nn.Linear(two, CLASSES)
        )
        self._initialise(settings)

    def scores(self, views: Sequence[Tensor]) -> list[Tensor]:
        """K × (B, d, M) logits of the indices."""
        return [device.scores(view) for device, view in zip(self._devices, views, strict=True)]

    def decode(self, chosen: Sequence[Tensor]) -> Tensor:
        """(B, 10) logits of the classes from K × (B, d, M) weights of the codewords, one of which is 1."""
        words = [(weights @ device.codebook).flatten(1) for device, weights in zip(self._devices, chosen, strict=True)]
        logits: Tensor = self.decoder(torch.cat(words, dim=1))
        return logits

    @property
    def _devices(self) -> list[Device]:
        return [device for device in self.devices if isinstance(device, Device)]

    def _initialise(self, settings: Settings) -> None:
        """Layers by PyTorch's law, codewords by N(0, 1): scores then have the size of the features from the start."""
        for link, device in enumerate(self._devices):
            initialise_linear_layers(device, settings.seed, party=link)
            rng = generator(settings.seed, Purpose.INITIALISATION, link=link, step=_CODEBOOK)
            with torch.no_grad():
                device.codebook.copy_(torch.from_numpy(rng.standard_normal(tuple(device.codebook.shape))))
        initialise_linear_layers(self.decoder, settings.seed, party=settings.links)


def drawn_indices(scores: Tensor, temperature: float, rng: np.random.Generator) -> Tensor:
    """(B, d, M) one-hot draws of p ∝ exp(scores), with the gradient of their softmax [Gumbel-softmax, hard].

    Args:
        scores: (B, d, M) logits.
        temperature: τ > 0 of the softmax.
        rng: of the Gumbel noise −log E, E exponential.
    """
    exponential = torch.from_numpy(rng.standard_exponential(tuple(scores.shape), dtype=np.float32))
    soft = ((scores - exponential.clamp_min(1e-30).log()) / temperature).softmax(dim=-1)
    hard = functional.one_hot(soft.argmax(dim=-1), soft.shape[-1]).to(soft.dtype)
    return hard - soft.detach() + soft
