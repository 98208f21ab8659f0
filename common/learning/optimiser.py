"""Each party's Adam, whose gates may learn at a rate of their own."""

from collections import defaultdict
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.optim.adam import adam

from splitwave.common.learning.hyper_layers import Gate

BETAS = (0.9, 0.999)
EPSILON = 1e-8


def trained_parameters(network: nn.Module) -> list[nn.Parameter]:
    """The parameters that have a gradient: those of a frozen part, such as a pretrained extractor, have none."""
    return [weights for weights in network.parameters() if weights.requires_grad]


class PartyOptimiser:
    """Adam over what is trained of one party's network."""

    def __init__(self, network: nn.Module, gate_factor: float) -> None:
        """Args: the network to train; the learning rate of its gates over that of all other parameters."""
        gates = {id(weights) for gate in network.modules() if isinstance(gate, Gate) for weights in gate.parameters()}
        by_factor: dict[float, list[Tensor]] = defaultdict(list)
        for weights in trained_parameters(network):
            by_factor[gate_factor if id(weights) in gates else 1.0].append(weights)
        self._groups = [(factor, _Adam(parameters)) for factor, parameters in by_factor.items()]

    def step(self, learning_rate: float) -> None:
        """One step on the gradients that have accumulated, which are then forgotten."""
        for factor, parameters in self._groups:
            parameters.step(factor * learning_rate)


class _Adam:
    """Computes what `torch.optim.Adam(…, fused=True)` does, to the bit.

    That class loads torch's compiler when it is made, which costs a device a second and 70 MiB at its start. Its
    function form loads nothing; a call takes up to 30 μs longer than the kernel beneath it, which is private to torch:
    0 to 2 % of a step on 64 samples.
    """

    def __init__(self, parameters: Sequence[Tensor]) -> None:
        self._parameters = list(parameters)
        self._means = [torch.zeros_like(weights) for weights in self._parameters]
        self._squares = [torch.zeros_like(weights) for weights in self._parameters]
        self._steps = [torch.zeros((), dtype=torch.float32, device=weights.device) for weights in self._parameters]

    @torch.no_grad()
    def step(self, learning_rate: float) -> None:
        gradients = [weights.grad for weights in self._parameters if weights.grad is not None]
        if len(gradients) < len(self._parameters):
            raise RuntimeError(f"{len(gradients)} of {len(self._parameters)} parameters have a gradient: expected all")
        adam(
            self._parameters,
            gradients,
            self._means,
            self._squares,
            [],
            self._steps,
            fused=True,
            lr=learning_rate,
            beta1=BETAS[0],
            beta2=BETAS[1],
            weight_decay=0.0,
            eps=EPSILON,
            amsgrad=False,
            maximize=False,
        )
        for weights in self._parameters:
            weights.grad = None
