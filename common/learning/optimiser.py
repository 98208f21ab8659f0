"""Each party's Adam, whose gates may learn at a rate of their own."""

from collections import defaultdict
from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.optim.adam import adam

from splitwave.common.learning.denormals import denormals_as_zero
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
        by_factor: dict[float, dict[str, Tensor]] = defaultdict(dict)
        for name, weights in network.named_parameters():
            if weights.requires_grad:
                by_factor[gate_factor if id(weights) in gates else 1.0][name] = weights
        self._groups = [(factor, _Adam(parameters)) for factor, parameters in by_factor.items()]

    def step(self, learning_rate: float) -> None:
        """One step on the gradients that have accumulated, which are then forgotten."""
        for factor, parameters in self._groups:
            parameters.step(factor * learning_rate)

    @property
    def state(self) -> dict[str, Tensor]:
        """By name, the tensors that the next step depends on besides weights and gradients; no copies."""
        return {name: values for _, parameters in self._groups for name, values in parameters.state.items()}

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Go on from such a state.

        Raises:
            ValueError: it is that of another network.
        """
        own = self.state
        if {name: values.shape for name, values in own.items()} != {name: each.shape for name, each in state.items()}:
            raise ValueError("it is the optimiser state of another network")
        for name, values in own.items():
            values.copy_(state[name])


class _Adam:
    """Computes what `torch.optim.Adam(…, fused=True)` does, to the bit of the weights.

    Moments that are denormal become zero, which moves no weight. The gradient of a unit that no sample activates is
    zero, so that its mean shrinks by a tenth each step: after 800 steps it would be denormal, and stay so, because
    0.9 times the smallest number is rounded to that number. Steps would take four times as long.

    That class loads torch's compiler when it is made, which costs a device a second and 70 MiB at its start. Its
    function form loads nothing; a call takes up to 30 μs longer than the kernel beneath it, which is private to torch:
    0 to 2 % of a step on 64 samples.
    """

    def __init__(self, parameters: Mapping[str, Tensor]) -> None:
        self._names = tuple(parameters)
        self._parameters = list(parameters.values())
        self._means = [torch.zeros_like(weights) for weights in self._parameters]
        self._squares = [torch.zeros_like(weights) for weights in self._parameters]
        self._steps = [torch.zeros((), dtype=torch.float32, device=weights.device) for weights in self._parameters]

    @property
    def state(self) -> dict[str, Tensor]:
        kinds = {"mean": self._means, "square": self._squares, "steps": self._steps}
        return {f"{kind}.{name}": values[i] for kind, values in kinds.items() for i, name in enumerate(self._names)}

    @torch.no_grad()
    def step(self, learning_rate: float) -> None:
        gradients = [weights.grad for weights in self._parameters if weights.grad is not None]
        if len(gradients) < len(self._parameters):
            raise RuntimeError(f"{len(gradients)} of {len(self._parameters)} parameters have a gradient: expected all")
        with denormals_as_zero():
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
