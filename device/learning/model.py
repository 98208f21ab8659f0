"""The networks of one device, where they compute, and how many training steps they have taken."""

import torch
from torch import Tensor, nn

from splitwave.common.config.run_config import RunConfig
from splitwave.common.learning.initialisation import initialise_linear_layers
from splitwave.common.learning.own_networks.factory import device_network
from splitwave.common.learning.placement import Placement
from splitwave.common.protocol.arrays import Float32
from splitwave.device.quantization.codebook import Codebook


class DeviceModel(nn.Module):
    """All that a device trains: the encoder φ_k and, unless T = 0, the quantizer χ_k.

    Attributes:
        placement: where the encoder computes. The quantizer is always on the CPU, to which features return.
        encoder: p(z|x).
        codebook: weights and breakpoints of the quantizer; None if T = 0.
        steps: optimiser steps since the model was made. Caches of what depends on the weights are keyed by it and
            must be cleared when a state is loaded, which leaves it unchanged.
    """

    def __init__(self, config: RunConfig, link: int) -> None:
        """Draw the initial weights of link k from the run's seed.

        Raises:
            ConfigError: torch finds no CUDA device on this machine, but the settings ask for one; or the network that
                they name cannot be made.
        """
        super().__init__()
        self.placement = Placement(config.runtime)
        self.encoder = device_network(config, link)
        breakpoints = config.quantizer.breakpoints
        self.codebook = Codebook(breakpoints) if breakpoints else None
        self.steps = 0
        initialise_linear_layers(self, config.seed, party=link)
        self.encoder.to(self.placement.device)

    def encode(self, views: Tensor, conditions: Float32 | None) -> tuple[Tensor, Tensor]:
        """Encode a training block, in the precision that the settings ask for in training.

        Args:
            views: (B, features), on the encoder's device.
            conditions: (R, C) inputs of the gated layers, each row for B/R samples; None for plain networks.

        Returns:
            Mean μ and standard deviation θ of the features, (B, d) float32 each, on the CPU.
        """
        with self.placement.precision(training=True):
            if conditions is None:
                mean, spread = self.encoder(views)
            else:
                mean, spread = self.encoder(views, self.placement.enter(torch.from_numpy(conditions)))
        return self.placement.leave(mean), self.placement.leave(spread)

    def count_step(self) -> None:
        """Note that the optimiser has changed the weights."""
        self.steps += 1

    def resume_at(self, steps: int) -> None:
        """Note that the weights which were just loaded have taken so many steps."""
        self.steps = steps
