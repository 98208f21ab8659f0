"""Layers whose outputs are scaled by gates on the conditions of a run: log β, and log σ² where it is an input, too.

One training then covers a range of conditions, and `fold` gives the ordinary layer of one of them, which is what a
device deploys. Shapes: N samples; R rows of C conditions, each for N/R samples in order.
"""

import copy
import itertools
from collections.abc import Callable, Sequence
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional

Network = TypeVar("Network", bound=nn.Module)

OPEN = 1.0
"""Initial offset of a gate: sigmoid(1) = 0.73. Nearly open gates learn slowly: at s = 0.98 the slope is only 0.02."""


class Gate(nn.Module):
    """s = sigmoid(uᵀ c + v), one an output  [Hyper-VIB, the scale of eqs. (12)-(14)].

    The paper's only condition is log β, and it leaves the first values open: here u = 0 and v = `OPEN`.
    """

    def __init__(self, outputs: int, conditions: int = 1) -> None:
        """(C + 1)·`outputs` parameters."""
        super().__init__()
        self.slope = nn.Parameter(torch.zeros(conditions, outputs))
        self.offset = nn.Parameter(torch.full((outputs,), OPEN))

    def forward(self, conditions: Tensor) -> Tensor:
        """(R, outputs) in (0, 1) of (R, C) conditions."""
        # No matrix product: autocast would compute it in bfloat16, whose eight bits are too few for log β.
        return ((conditions.unsqueeze(2) * self.slope).sum(1) + self.offset).sigmoid()


class HyperLinear(nn.Module):
    """y = s(c) ⊙ (W x + b)  [Hyper-VIB, eqs. (12)(13)]; 2·D_out parameters more than its plain layer where C = 1."""

    def __init__(self, in_features: int, out_features: int, conditions: int = 1) -> None:
        """A layer whose gate opens by `conditions` values a sample."""
        super().__init__()
        self.plain = nn.Linear(in_features, out_features)
        self.gate = Gate(out_features, conditions)

    def forward(self, x: Tensor, conditions: Tensor) -> Tensor:
        """(N, D_out) of (N, D_in) inputs, under (R, C) conditions."""
        scale = self.gate(conditions)
        by_row = self.plain(x).view(len(scale), -1, scale.shape[1])
        scaled: Tensor = by_row * scale.unsqueeze(1)
        return scaled.flatten(0, 1)

    @torch.no_grad()
    def fold(self, conditions: Tensor) -> nn.Linear:
        """The plain layer that equals this one under (C,) conditions, up to rounding."""
        scale = self.gate(conditions.unsqueeze(0))[0]
        folded = nn.Linear(self.plain.in_features, self.plain.out_features).to(scale)
        folded.load_state_dict({"weight": scale.unsqueeze(1) * self.plain.weight, "bias": scale * self.plain.bias})
        return folded


class HyperConv2d(nn.Module):
    """A convolution with gated kernels and biases  [Hyper-VIB, eq. (14)].

    The kernel from input channel i to output channel o is scaled by a gate of its own, and so is each bias:
    2·C_out·(C_in + 1) parameters more than the plain layer where C = 1.
    """

    def __init__(  # noqa: PLR0917 — those of nn.Conv2d, and one more
        self, inputs: int, outputs: int, kernel: int, stride: int = 1, padding: int = 0, conditions: int = 1
    ) -> None:
        """A layer for maps of `inputs` channels whose gates open by `conditions` values a sample."""
        super().__init__()
        self.plain = nn.Conv2d(inputs, outputs, kernel, stride, padding)
        self.kernel_gate = Gate(outputs * inputs, conditions)
        self.bias_gate = Gate(outputs, conditions)

    def forward(self, x: Tensor, conditions: Tensor) -> Tensor:
        """(N, C_out, h', w') of (N, C_in, h, w) maps, under (R, C) conditions."""
        kernels, biases = self._parameters_under(conditions)
        stride, padding = self.plain.stride, self.plain.padding
        # One convolution per row: on a CPU, one with a group of channels for each row makes a training step of the
        # backbone `csi` longer by a tenth, and a product with unfolded patches by two thirds.
        by_row = zip(x.reshape(len(conditions), -1, *x.shape[1:]), kernels, biases, strict=True)
        return torch.cat([functional.conv2d(maps, kernel, bias, stride, padding) for maps, kernel, bias in by_row])

    @torch.no_grad()
    def fold(self, conditions: Tensor) -> nn.Conv2d:
        """The plain layer that equals this one under (C,) conditions, up to rounding."""
        kernels, biases = self._parameters_under(conditions.unsqueeze(0))
        plain = self.plain
        folded = nn.Conv2d(
            plain.in_channels,
            plain.out_channels,
            plain.kernel_size,  # type: ignore[arg-type]  # a pair, which torch's stubs call a tuple
            plain.stride,  # type: ignore[arg-type]
            plain.padding,  # type: ignore[arg-type]
        ).to(kernels)
        folded.load_state_dict({"weight": kernels[0], "bias": biases[0]})
        return folded

    def _parameters_under(self, conditions: Tensor) -> tuple[Tensor, Tensor]:
        """(R, C_out, C_in, k, k) kernels and (R, C_out) biases."""
        outputs, inputs = self.plain.weight.shape[:2]
        scales = self.kernel_gate(conditions).view(-1, outputs, inputs, 1, 1)
        assert self.plain.bias is not None
        return scales * self.plain.weight, self.bias_gate(conditions) * self.plain.bias


class Chain(nn.Sequential):
    """Layers one after the other; those that are gated get the conditions."""

    def forward(self, x: Tensor, conditions: Tensor | None = None) -> Tensor:
        """The last layer's output."""
        for layer in self:
            x = under(layer, x, conditions)
        return x


def linear(in_features: int, out_features: int, conditions: int) -> nn.Linear | HyperLinear:
    """A fully connected layer: plain where nothing is an input."""
    return HyperLinear(in_features, out_features, conditions) if conditions else nn.Linear(in_features, out_features)


def hidden_layers(
    inputs: int, widths: Sequence[int], conditions: int, activation: Callable[[], nn.Module] = nn.ReLU
) -> Chain:
    """Fully connected layers of these widths, each with its activation; none where there are no widths."""
    sizes = itertools.pairwise((inputs, *widths))
    return Chain(*itertools.chain.from_iterable((linear(a, b, conditions), activation()) for a, b in sizes))


def halving(inputs: int, outputs: int, conditions: int) -> nn.Conv2d | HyperConv2d:
    """A 3 × 3 convolution from maps of (h, w) to (⌈h/2⌉, ⌈w/2⌉): plain where nothing is an input."""
    if conditions:
        return HyperConv2d(inputs, outputs, 3, stride=2, padding=1, conditions=conditions)
    return nn.Conv2d(inputs, outputs, 3, stride=2, padding=1)


def under(layer: nn.Module, x: Tensor, conditions: Tensor | None) -> Tensor:
    """A layer's output under the conditions, which layers without gates ignore."""
    conditioned = isinstance(layer, (HyperLinear, HyperConv2d, Chain)) and conditions is not None
    output: Tensor = layer(x, conditions) if conditioned else layer(x)
    return output


def folded(module: Network, conditions: Tensor) -> Network:
    """A copy of a network with every gated layer folded at (C,) conditions: plain, with the same answers."""
    plain = copy.deepcopy(module)
    _fold_children(plain, conditions)
    return plain


def _fold_children(module: nn.Module, conditions: Tensor) -> None:
    for name, child in module.named_children():
        if isinstance(child, (HyperLinear, HyperConv2d)):
            setattr(module, name, child.fold(conditions))
        else:
            _fold_children(child, conditions)
