"""Each party's Adam, whose gates may learn at a rate of their own."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from splitwave.common.learning.hyper_layers import Gate

BETAS = (0.9, 0.999)
EPSILON = 1e-8


class PartyOptimiser:
    """Adam over one party's network."""

    def __init__(self, network: nn.Module, gate_factor: float) -> None:
        """Args: what to train; the learning rate of its gates over that of all other parameters."""
        gates = [weights for module in network.modules() if isinstance(module, Gate) for weights in module.parameters()]
        others = [weights for weights in network.parameters() if not any(weights is gate for gate in gates)]
        self._groups = [
            (factor, _Adam([weights for weights in of if weights.device == device]))
            for factor, of in ((1.0, others), (gate_factor, gates))
            for device in dict.fromkeys(weights.device for weights in of)
        ]

    def step(self, learning_rate: float) -> None:
        """One step on the gradients that have accumulated, which are then forgotten."""
        for factor, adam in self._groups:
            adam.step(factor * learning_rate)


class _Adam:
    """What `torch.optim.Adam(…, fused=True)` computes, to the bit, through the same kernel.

    That class loads torch's compiler when it is made, which costs a device more than a second and 70 MiB at its start.
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
        torch._foreach_add_(self._steps, 1)
        torch._fused_adam_(
            self._parameters,
            gradients,
            self._means,
            self._squares,
            [],
            self._steps,
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
