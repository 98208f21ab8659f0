"""The random draws of a competitor: from torch's own generators in timed runs, or Splitwave's keyed ones.

With keyed draws a competitor trains on the same batches from the same weights over the same noise as Splitwave, so that
their losses can be compared.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn

from splitwave.channel.models.awgn import gaussian_noise
from splitwave.common.config.run_config import RunConfig
from splitwave.common.learning.initialisation import initialise_linear_layers
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.phases import Phase
from splitwave.common.protocol.plan import RunPlan
from splitwave.common.randomness import Purpose, generator


class Draws(Protocol):
    """The draws of one party. Links are parties 0 to K − 1, the base station is party K, and the channel K + 1."""

    def initialise(self, network: nn.Module) -> None:
        """Draw the first weights of the party's network."""

    def batch(self, step: int) -> Tensor:
        """(B,) int64 places in the training split; equal at all parties without messages."""

    def encoder_noise(self, step: int, samples: int) -> Tensor:
        """(B, d) standard normal."""

    def channel_noise(self, link: int, key: BlockKey, samples: int) -> Tensor:
        """(B, d) of N(0, σ²)."""


MakeDraws = Callable[[RunConfig, RunPlan, int], Draws]
"""(settings, plan, party) → the draws of a party; a class, so that it can be sent to other processes."""


class TorchDraws:
    """Torch's default generator, seeded once per party; a generator that all parties seed alike orders the samples."""

    def __init__(self, config: RunConfig, plan: RunPlan, party: int) -> None:
        self._config, self._plan = config, plan
        self._epoch_batches = lru_cache(maxsize=1)(self._batches_of)
        torch.manual_seed(config.seed + party)

    def initialise(self, network: nn.Module) -> None:
        """Leave the weights that torch drew when the layers were made."""

    def batch(self, step: int) -> Tensor:
        """See `Draws.batch`."""
        epoch, number = divmod(step, self._plan.steps_per_epoch)
        return self._epoch_batches(epoch)[number]

    def encoder_noise(self, _step: int, samples: int) -> Tensor:
        """See `Draws.encoder_noise`."""
        return torch.randn(samples, self._config.encoder.dimension)

    def channel_noise(self, link: int, _key: BlockKey, samples: int) -> Tensor:
        """See `Draws.channel_noise`."""
        return torch.randn(samples, self._config.encoder.dimension).mul_(self._config.noise_variance(link) ** 0.5)

    def _batches_of(self, epoch: int) -> tuple[Tensor, ...]:
        shuffled = torch.Generator().manual_seed(epoch)
        order = torch.randperm(len(self._plan.train_ids), generator=shuffled)
        return torch.split(order, self._config.training.batch_size)


class KeyedDraws:
    """The draws of a Splitwave run with the same settings."""

    def __init__(self, config: RunConfig, plan: RunPlan, party: int) -> None:
        self._config, self._plan, self._party = config, plan, party

    def initialise(self, network: nn.Module) -> None:
        """See `Draws.initialise`."""
        initialise_linear_layers(network, self._config.seed, self._party)

    def batch(self, step: int) -> Tensor:
        """See `Draws.batch`."""
        return torch.from_numpy(self._plan.block_ids(Phase.TRAIN, step, 0))

    def encoder_noise(self, step: int, samples: int) -> Tensor:
        """See `Draws.encoder_noise`."""
        rng = generator(self._config.seed, Purpose.ENCODER_NOISE, link=self._party, phase=Phase.TRAIN, step=step)
        return torch.from_numpy(rng.standard_normal((samples, self._config.encoder.dimension), dtype=np.float32))

    def channel_noise(self, link: int, key: BlockKey, samples: int) -> Tensor:
        """See `Draws.channel_noise`."""
        sigma = np.float32(self._config.noise_variance(link) ** 0.5)
        shape = (1, samples, self._config.encoder.dimension)
        return torch.from_numpy(gaussian_noise(self._config.seed, link, key, shape, sigma)[0])
