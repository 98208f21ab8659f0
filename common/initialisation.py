"""Parameter initialisation from keyed random numbers."""

import torch
from torch import nn

from common.randomness import Purpose, generator


def initialise_linear_layers(module: nn.Module, seed: int, party: int) -> None:
    """Fill every `nn.Linear` with U(−1/√fan_in, 1/√fan_in), weights and biases (PyTorch's default law).

    Args:
        module: initialised in place; layers are numbered in the order of `modules()`.
        seed: the run's seed.
        party: link index of a device; the number of links for the base station.
    """
    layers = [layer for layer in module.modules() if isinstance(layer, nn.Linear)]
    for number, layer in enumerate(layers):
        rng = generator(seed, Purpose.INITIALISATION, link=party, step=number)
        bound = layer.in_features**-0.5
        with torch.no_grad():
            for parameter in layer.parameters():
                parameter.copy_(torch.from_numpy(rng.uniform(-bound, bound, tuple(parameter.shape))))
