"""Backward through fully connected layers in two parts: ∂CE/∂ẑ at once, the layers' own gradients later.

Autograd computes both together. The devices wait for ∂CE/∂ẑ; only the optimiser needs the gradients of the weights, and
these can wait until the devices' gradients are on their way.

Shapes: N noisy samples.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class DenseStep:
    """One pass through fully connected layers with ReLUs between them; bit for bit what autograd computes."""

    def __init__(self, layers: Sequence[nn.Linear]) -> None:
        """Args: the layers, first to last."""
        self._layers = layers
        self._inputs: list[Tensor] = []
        self._upstream: list[Tensor] = []

    @torch.no_grad()
    def forward(self, x: Tensor) -> Tensor:
        """(N, outputs) of (N, inputs); keeps the input of each layer."""
        *hidden, last = self._layers
        for layer in hidden:
            self._inputs.append(x)
            x = layer(x).relu_()
        self._inputs.append(x)
        outputs: Tensor = last(x)
        return outputs

    @torch.no_grad()
    def backward(self, upstream: Tensor) -> Tensor:
        """The gradient of the inputs, (N, inputs), from that of the outputs, (N, outputs)."""
        for number, layer in reversed(list(enumerate(self._layers))):
            self._upstream.append(upstream)
            upstream = upstream.mm(layer.weight)
            if number:
                upstream = torch.ops.aten.threshold_backward(upstream, self._inputs[number], 0)
        return upstream

    @torch.no_grad()
    def weight_gradients(self) -> list[Tensor]:
        """The gradients of all weights and biases, in the order of the layers' parameters."""
        gradients: list[Tensor] = []
        for x, upstream in zip(self._inputs, reversed(self._upstream), strict=True):
            gradients += [upstream.t().mm(x), upstream.sum(0)]
        return gradients
