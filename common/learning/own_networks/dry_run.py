"""Checks of a user's network before a run starts: its shapes, its gradients, and that it draws no random numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.func import functional_call

from splitwave.common.errors import ConfigError
from splitwave.common.learning.own_networks.failing_layer import LayerTrace
from splitwave.common.learning.own_networks.own_network import set_mode
from splitwave.common.named_object import origin

_SAMPLES = 2
"""Batch normalisation needs more than one."""


@dataclass(frozen=True, slots=True)
class DryRun:
    """The findings of the checks.

    Attributes:
        outputs: of one sample.
        keeps_statistics: whether a training step changes buffers, such as those of batch normalisation.
    """

    outputs: int
    keeps_statistics: bool


def dry_run(network: nn.Module, inputs: Sequence[int], *, input_has_gradient: bool) -> DryRun:
    """Put two samples of zeros through a network in training mode; leaves its weights and buffers as they are.

    First on meta tensors, which have a shape and no content, so that a wrong shape is found without computing; then,
    on the CPU, forward and backward.

    Args:
        network: from (N, *inputs) to (N, outputs), float32.
        inputs: the shape of one sample's input.
        input_has_gradient: whether its inputs are trained through it, as a device's symbols are.

    Raises:
        ConfigError: a layer does not fit its input, the outputs have another shape, a parameter has no effect on them,
            or the forward pass draws random numbers. The message does not name the network.
    """
    set_mode(network, training=True)
    shape = (_SAMPLES, *inputs)
    _check_on_meta(network, shape)
    buffers = {name: values.clone() for name, values in network.named_buffers()}
    x = torch.zeros(shape, requires_grad=input_has_gradient)
    outputs = _outputs_without_draws(network, buffers, x)
    _check_gradients(network, outputs, x)
    changed = any(not torch.equal(values, buffers[name]) for name, values in network.named_buffers())
    return DryRun(outputs.shape[1], changed)


def _check_on_meta(network: nn.Module, shape: tuple[int, ...]) -> None:
    tensors = {**dict(network.named_parameters()), **dict(network.named_buffers())}
    meta = {name: torch.empty_like(values, device="meta") for name, values in tensors.items()}
    with LayerTrace(network) as trace:
        try:
            outputs = functional_call(network, meta, torch.empty(shape, device="meta"))
        except Exception as error:  # a user's network may raise anything
            if isinstance(error, NotImplementedError) or "meta" in str(error):
                return  # an operation without a meta form; the pass on the CPU decides
            raise ConfigError(trace.explain(origin(error))) from error
    _check_outputs(outputs)


def _outputs_without_draws(network: nn.Module, buffers: Mapping[str, Tensor], x: Tensor) -> Tensor:
    """The outputs of a pass that changes these copies of the buffers."""
    state = torch.get_rng_state()
    with LayerTrace(network) as trace:
        try:
            outputs: Tensor = functional_call(network, dict(buffers), x[:])  # not a leaf, as in training
        except Exception as error:  # as above
            raise ConfigError(trace.explain(origin(error))) from error
    if not torch.equal(torch.get_rng_state(), state):
        torch.set_rng_state(state)
        raise ConfigError(
            "it draws random numbers in training, so that two runs would differ: "
            "expected none, such as dropout with p = 0"
        )
    _check_outputs(outputs)
    return outputs


def _check_outputs(outputs: object) -> None:
    if not isinstance(outputs, Tensor):
        raise ConfigError(f"its output: expected a tensor, got {type(outputs).__name__}")
    if outputs.ndim != 2 or outputs.shape[0] != _SAMPLES or outputs.shape[1] < 1 or outputs.dtype != torch.float32:
        raise ConfigError(
            f"its output for {_SAMPLES} samples: expected float32 of shape ({_SAMPLES}, F) with F ≥ 1, "
            f"got {str(outputs.dtype).removeprefix('torch.')} of shape {tuple(outputs.shape)}"
        )


def _check_gradients(network: nn.Module, outputs: Tensor, x: Tensor) -> None:
    """A parameter that has no effect would stop the optimiser's first step."""
    trained: dict[str, Tensor] = {
        name: weights for name, weights in network.named_parameters() if weights.requires_grad
    }
    if x.requires_grad:
        trained["(its input)"] = x
    if not trained:
        return
    found = (
        torch.autograd.grad(outputs.sum(), list(trained.values()), allow_unused=True)
        if outputs.requires_grad
        else [None] * len(trained)
    )
    unused = [name for name, gradient in zip(trained, found, strict=True) if gradient is None]
    if unused:
        raise ConfigError(
            f"its output does not depend on {', '.join(unused[:3])}{' …' if len(unused) > 3 else ''}: expected a "
            "gradient for each; requires_grad_(False) freezes a parameter"
        )
