"""Parameter initialisation from keyed random numbers."""

import math

import torch
from torch import nn

from splitwave.common.learning.own_networks.own_network import OwnNetwork
from splitwave.common.randomness import Purpose, generator


def initialise_linear_layers(module: nn.Module, seed: int, party: int) -> None:
    """Fill every `nn.Linear` and `nn.Conv2d` with U(−1/√fan_in, 1/√fan_in), weights and biases (PyTorch's default law).

    Normalisations are left as they are made, with weight 1 and offset 0, and so is all in an `OwnNetwork`, whose
    factory may have loaded weights.

    Args:
        module: initialised in place; layers of both kinds are numbered in the order of `modules()`.
        seed: the run's seed.
        party: link index of a device; the number of links for the base station.
    """
    own = {id(layer) for part in module.modules() if isinstance(part, OwnNetwork) for layer in part.modules()}
    layers = [layer for layer in module.modules() if isinstance(layer, (nn.Linear, nn.Conv2d)) and id(layer) not in own]
    for number, layer in enumerate(layers):
        rng = generator(seed, Purpose.INITIALISATION, link=party, step=number)
        bound = math.prod(layer.weight.shape[1:]) ** -0.5
        with torch.no_grad():
            for parameter in layer.parameters():
                parameter.copy_(torch.from_numpy(rng.uniform(-bound, bound, tuple(parameter.shape))))
