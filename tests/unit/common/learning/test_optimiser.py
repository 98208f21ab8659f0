"""The Adam optimiser of a party, in which gates may have a higher learning rate than other weights."""

import copy
import subprocess
import sys

import pytest
import torch
from torch import nn

from splitwave.common.learning.hyper_layers import Chain, HyperLinear
from splitwave.common.learning.optimiser import PartyOptimiser

RATE = 1e-2


def stepped(network: nn.Module, gate_factor: float) -> dict[str, torch.Tensor]:
    """The change of each parameter in a first step with gradients of 1, which for Adam is the learning rate."""
    before = {name: weights.detach().clone() for name, weights in network.named_parameters()}
    for weights in network.parameters():
        weights.grad = torch.ones_like(weights)
    PartyOptimiser(network, gate_factor).step(RATE)
    assert all(weights.grad is None for weights in network.parameters())
    return {name: before[name] - weights.detach() for name, weights in network.named_parameters()}


def test_the_factor_multiplies_only_the_learning_rate_of_gates() -> None:
    moved = stepped(nn.Sequential(HyperLinear(3, 2), nn.Linear(2, 1)), 10.0)
    for name, distance in moved.items():
        expected = 10 * RATE if "gate" in name else RATE
        torch.testing.assert_close(distance, torch.full_like(distance, expected), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(("layer", "gate_factor"), [(nn.Linear(4, 3), 10.0), (HyperLinear(4, 3), 1.0)])
def test_with_one_learning_rate_all_steps_equal_those_of_torchs_adam(layer: nn.Module, gate_factor: float) -> None:
    network = Chain(layer)
    other = copy.deepcopy(network)
    ours, theirs = PartyOptimiser(network, gate_factor), torch.optim.Adam(other.parameters(), lr=RATE, fused=True)
    for seed in range(3):
        x = torch.randn(8, 4, generator=torch.Generator().manual_seed(seed))
        for party in (network, other):
            party(x, torch.tensor([[-1.0], [2.0]])).square().sum().backward()
        ours.step(RATE)
        theirs.step()
        theirs.zero_grad()
    for one, its_twin in zip(network.parameters(), other.parameters(), strict=True):
        assert torch.equal(one, its_twin)


@pytest.mark.skipif(not torch.set_flush_denormal(False), reason="this processor cannot take denormals for zero")
def test_the_moments_of_weights_without_a_gradient_do_not_stay_denormal_and_the_weights_equal_those_of_torch() -> None:
    torch.manual_seed(0)
    network = nn.Linear(6, 4)
    other = copy.deepcopy(network)
    ours, theirs = PartyOptimiser(network, 1.0), torch.optim.Adam(other.parameters(), lr=RATE, fused=True)
    for step in range(1100):
        for party in (network, other):
            for weights in party.parameters():
                weights.grad = torch.full_like(weights, 0.1 if step == 0 else 0.0)
        ours.step(RATE)
        theirs.step()
    for one, its_twin in zip(network.parameters(), other.parameters(), strict=True):
        assert torch.equal(one, its_twin)
        assert theirs.state[its_twin]["exp_avg"].count_nonzero() == its_twin.numel()
    assert not any(values.count_nonzero() for name, values in ours.state.items() if name.startswith("mean."))


def test_training_does_not_load_torchs_compiler() -> None:
    """On a board the compiler would take a second and 70 MiB."""
    program = (
        "import sys, torch; from splitwave.common.learning.optimiser import PartyOptimiser\n"
        "layer = torch.nn.Linear(2, 1); layer(torch.ones(1, 2)).backward()\n"
        "PartyOptimiser(layer, 1.0).step(0.1); print('torch._dynamo' in sys.modules)"
    )
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert answer.stdout == "False\n"
