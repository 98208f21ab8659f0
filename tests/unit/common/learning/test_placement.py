"""The placement of networks on a device, and their precision."""

import pytest
import torch
from torch import nn

from splitwave.common.config.sections import RuntimeSettings
from splitwave.common.errors import ConfigError
from splitwave.common.learning.placement import Placement


def test_cuda_is_refused_with_the_name_of_the_setting_if_there_is_no_cuda_device(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ConfigError, match=r"runtime.torch_device = cuda: .* no CUDA device"):
        Placement(RuntimeSettings(torch_device="cuda"))


def test_bf16_rounds_the_computation_and_returns_float32() -> None:
    network = nn.Linear(3, 2)
    x = torch.tensor([[0.1, -0.7, 1.3]])
    plain, rounded = (Placement(RuntimeSettings(bf16=bf16)) for bf16 in (False, True))
    with rounded.precision(training=True):
        output = rounded.leave(network(rounded.enter(x)))
    with plain.precision(training=True):
        assert torch.equal(plain.leave(network(plain.enter(x))), network(x))

    with rounded.precision(training=False):
        assert torch.equal(network(x), plain.leave(network(x)))

    assert output.dtype == torch.float32
    assert torch.equal(output, output.bfloat16().float())
    assert not torch.equal(output, network(x))
    torch.autograd.backward(output.sum())
    assert network.weight.grad is not None
    assert network.weight.grad.dtype == torch.float32
