"""Each party's Adam, whose gates may learn at a rate of their own."""

from torch import nn
from torch.optim import Adam

from common.hyper_layers import Gate


class PartyOptimiser:
    """Adam over one party's network."""

    def __init__(self, network: nn.Module, gate_factor: float) -> None:
        """Args: what to train; the learning rate of its gates over that of all other parameters."""
        gates = [weights for module in network.modules() if isinstance(module, Gate) for weights in module.parameters()]
        others = [weights for weights in network.parameters() if not any(weights is gate for gate in gates)]
        self._factors = [factor for factor, of in ((1.0, others), (gate_factor, gates)) if of]
        self._adam = Adam([{"params": of} for of in (others, gates) if of], fused=True)

    def step(self, learning_rate: float) -> None:
        """One step on the gradients that have accumulated, which are then forgotten."""
        for group, factor in zip(self._adam.param_groups, self._factors, strict=True):
            group["lr"] = factor * learning_rate
        self._adam.step()
        self._adam.zero_grad()
