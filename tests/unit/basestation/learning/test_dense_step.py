"""The backward pass of the decoder, which is written out, compared with autograd bit for bit."""

import itertools

import pytest
import torch
from torch import nn

from splitwave.basestation.learning.dense_step import DenseStep


@pytest.mark.parametrize(("samples", "sizes"), [(1, (4, 3)), (37, (56, 64, 10)), (256, (56, 1024, 256, 10))])
def test_gradients_equal_those_of_autograd_bit_for_bit(samples: int, sizes: tuple[int, ...]) -> None:
    rng = torch.Generator().manual_seed(3)
    torch.manual_seed(4)
    layers = [nn.Linear(a, b) for a, b in itertools.pairwise(sizes)]
    x = torch.randn(samples, sizes[0], generator=rng)
    upstream = torch.randn(samples, sizes[-1], generator=rng)

    step = DenseStep(layers)
    outputs = step.forward(x)
    gradient = step.backward(upstream)
    weights = step.weight_gradients()

    leaf = x.clone().requires_grad_()
    hidden = leaf
    for layer in layers[:-1]:
        hidden = layer(hidden).relu()
    expected = layers[-1](hidden)
    parameters = [parameter for layer in layers for parameter in layer.parameters()]
    first, *others = torch.autograd.grad(expected, [leaf, *parameters], upstream)
    assert torch.equal(outputs, expected)
    assert torch.equal(gradient, first)
    assert [torch.equal(ours, theirs) for ours, theirs in zip(weights, others, strict=True)] == [True] * len(others)
