"""Layers with conditions as inputs: their outputs, sizes and folding."""

import itertools
import math
from collections.abc import Callable
from typing import TypeVar

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional

from splitwave.common.learning.hyper_layers import OPEN, Gate, HyperConv2d, HyperLinear

LOG_BETAS = (math.log(1e-5), math.log(1e-2), 0.0)


Module = TypeVar("Module", bound=nn.Module)
Make = Callable[[int], HyperLinear | HyperConv2d]


def randomised(module: Module, seed: int = 0) -> Module:
    """Convert to float64 and draw all parameters from N(0, 1), because gates at their initial values hide mistakes."""
    rng = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in module.double().parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=rng, dtype=torch.float64))
    return module


def inputs(*shape: int) -> Tensor:
    return torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def column(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64).unsqueeze(1)


def parameters(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def test_a_linear_layer_scales_each_output_by_its_gate() -> None:
    layer, x, beta = randomised(HyperLinear(5, 3)), inputs(1, 5), 0.02
    expected = [
        1
        / (1 + math.exp(-(layer.gate.slope[0, o].item() * math.log(beta) + layer.gate.offset[o].item())))
        * (sum(layer.plain.weight[o, i].item() * x[0, i].item() for i in range(5)) + layer.plain.bias[o].item())
        for o in range(3)
    ]
    torch.testing.assert_close(layer(x, column(math.log(beta)))[0], torch.tensor(expected, dtype=torch.float64))


def test_a_convolution_scales_each_kernel_by_input_channel_and_each_bias() -> None:
    layer, x = randomised(HyperConv2d(2, 3, kernel=3, stride=2, padding=1)), inputs(1, 2, 7, 6)
    conditions = column(LOG_BETAS[1])
    scale = layer.kernel_gate(conditions).view(3, 2)
    expected = torch.zeros(3, 4, 3, dtype=torch.float64)
    for o, i in itertools.product(range(3), range(2)):
        expected[o] += (
            scale[o, i] * functional.conv2d(x[:, i : i + 1], layer.plain.weight[o, i][None, None], None, 2, 1)[0, 0]
        )
    biases = layer.plain.bias
    assert biases is not None
    expected += (layer.bias_gate(conditions)[0] * biases)[:, None, None]
    torch.testing.assert_close(layer(x, conditions)[0], expected)


LAYERS = [(lambda c: HyperLinear(4, 3, c), (4,)), (lambda c: HyperConv2d(2, 3, 3, 1, 1, c), (2, 5, 4))]


@pytest.mark.parametrize(("make", "shape"), LAYERS, ids=["linear", "convolution"])
def test_each_sample_has_conditions_of_its_own(make: Make, shape: tuple[int, ...]) -> None:
    layer, x, conditions = randomised(make(2)), inputs(3, *shape), inputs(3, 2)
    together = layer(x, conditions)
    for n in range(3):
        torch.testing.assert_close(together[n : n + 1], layer(x[n : n + 1], conditions[n : n + 1]))


@pytest.mark.parametrize(("make", "shape"), LAYERS, ids=["linear", "convolution"])
def test_one_row_of_conditions_applies_to_all_samples(make: Make, shape: tuple[int, ...]) -> None:
    layer, x, conditions = randomised(make(2)), inputs(3, *shape), inputs(1, 2)
    torch.testing.assert_close(layer(x, conditions), layer(x, conditions.expand(3, 2)))


@pytest.mark.parametrize(("make", "shape"), LAYERS, ids=["linear", "convolution"])
@pytest.mark.parametrize("log_beta", LOG_BETAS)
def test_the_folded_layer_is_plain_and_has_the_same_outputs(
    make: Make, shape: tuple[int, ...], log_beta: float
) -> None:
    layer, x = randomised(make(1)), inputs(3, *shape)
    folded = layer.fold(torch.tensor([log_beta], dtype=torch.float64))
    assert type(folded) in (nn.Linear, nn.Conv2d)
    torch.testing.assert_close(folded(x), layer(x, column(log_beta)))
    assert parameters(folded) == parameters(layer.plain)


@pytest.mark.parametrize(("make", "shape"), LAYERS, ids=["linear", "convolution"])
def test_gradients_agree_with_finite_differences(make: Make, shape: tuple[int, ...]) -> None:
    layer = randomised(make(2))
    x, conditions = inputs(3, *shape).requires_grad_(), inputs(3, 2).requires_grad_()
    weights = [parameter.detach().requires_grad_() for parameter in layer.parameters()]
    names = [name for name, _ in layer.named_parameters()]

    def outputs(x: Tensor, conditions: Tensor, *weights: Tensor) -> Tensor:
        result: Tensor = torch.func.functional_call(layer, dict(zip(names, weights, strict=True)), (x, conditions))
        return result

    assert torch.autograd.gradcheck(outputs, (x, conditions, *weights))


@given(st.integers(1, 6), st.integers(1, 6), st.integers(1, 3))
def test_a_gate_has_per_output_one_offset_and_one_slope_for_each_condition(inp: int, out: int, conditions: int) -> None:
    linear, conv = HyperLinear(inp, out, conditions), HyperConv2d(inp, out, 3, conditions=conditions)
    assert parameters(linear) - parameters(linear.plain) == (conditions + 1) * out
    assert parameters(conv) - parameters(conv.plain) == (conditions + 1) * out * (inp + 1)


def test_an_initial_gate_is_nearly_open_under_all_conditions() -> None:
    expected = torch.full((2, 3), 1 / (1 + math.exp(-OPEN)))
    torch.testing.assert_close(Gate(3)(torch.tensor([[-11.5], [0.0]])), expected)
