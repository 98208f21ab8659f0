"""The equal networks of several links as one: each layer is one batched product in place of a product for each link.

Shapes: n links, B samples, f inputs and d outputs of a layer.
"""

import math
from collections.abc import Callable, Sequence
from functools import lru_cache

import torch
from torch import Tensor, nn
from torch.nn import functional

_PROBED = 4096
"""Number of outputs that are compared: kernels that add in another order differ in every few of them."""

Layers = Sequence[nn.Module]


def stackable(layers: Layers) -> bool:
    """Whether `StackedNetwork` knows these layers: plain ones, fully connected, tanh and ReLU."""
    return all(type(layer) in {nn.Linear, nn.Tanh, nn.ReLU} for layer in layers)


class StackedNetwork:
    """A copy of n networks of stackable layers, (n, B, f) → (n, B, d), with the bits of each by itself.

    Most of what single samples cost is calls, not arithmetic, and here they are few whatever n is: with n = 64, a layer
    of 28 outputs takes a thirtieth (28 inputs) to a fifth (392) of the time. Blocks of 256 samples are arithmetic, and
    gain little.
    """

    def __init__(self, networks: Sequence[Layers]) -> None:
        """Args: the layers of each link's network, of equal types and sizes; their weights are copied."""
        self._steps = [_stack(layers) for layers in zip(*networks, strict=True)]

    @torch.no_grad()
    def __call__(self, x: Tensor) -> Tensor:
        """The outputs, (n, B, d), of inputs (n, B, f), float32 on the CPU."""
        for step in self._steps:
            x = step(x)
        return x


def _stack(layers: Sequence[nn.Module]) -> Callable[[Tensor], Tensor]:
    first = layers[0]
    if not isinstance(first, nn.Linear):
        return first
    plain = [layer for layer in layers if isinstance(layer, nn.Linear)]
    weights = torch.stack([layer.weight.detach() for layer in plain])
    biases = torch.stack([layer.bias.detach() for layer in plain])
    return lambda x: _affine(x, weights, biases)


def _affine(x: Tensor, weights: Tensor, biases: Tensor) -> Tensor:
    """(n, B, d) = x·Wᵀ + b of each link, with the bits of `torch.nn.functional.linear`.

    For nearly all sizes the batched product has the same bits, but there is no guarantee: torch computes the smallest
    products (fewer than 400 multiplications per link) in a loop of its own, and MKL divides products among several
    threads in another way when they are a batch. So each shape is tried once, on random numbers, and shapes that differ
    are computed link by link.
    """
    links, samples, inputs = x.shape
    if _same_bits(links, samples, inputs, weights.shape[1], torch.get_num_threads()):
        return torch.baddbmm(biases.unsqueeze(1), x, weights.transpose(1, 2))
    return _link_by_link(x, weights, biases)


def _link_by_link(x: Tensor, weights: Tensor, biases: Tensor) -> Tensor:
    return torch.stack([functional.linear(*link) for link in zip(x, weights, biases, strict=True)])


@lru_cache(maxsize=1024)
def _same_bits(links: int, samples: int, inputs: int, outputs: int, threads: int) -> bool:  # noqa: ARG001 — of the key
    rng = torch.Generator().manual_seed(0)
    for _ in range(math.ceil(_PROBED / (links * samples * outputs))):
        x = torch.randn(links, samples, inputs, generator=rng)
        weights = torch.randn(links, outputs, inputs, generator=rng)
        biases = torch.randn(links, outputs, generator=rng)
        batched = torch.baddbmm(biases.unsqueeze(1), x, weights.transpose(1, 2))
        if not torch.equal(batched, _link_by_link(x, weights, biases)):
            return False
    return True
