"""A network that a user's factory made, as a part of a party's network."""

from torch import Tensor, nn

from splitwave.common.learning.backbones.encoder import GaussianEncoder


class OwnNetwork(nn.Module):
    """Gives a user's network its inputs in the documented shape, and puts it into training or evaluation mode.

    Its weights stay as the factory made them: `initialise_linear_layers` leaves them alone.
    """

    def __init__(self, network: nn.Module, inputs: tuple[int, ...]) -> None:
        """Args: what the factory returned; the shape of one sample's input."""
        super().__init__()
        self.network = network
        self._inputs = inputs
        self._training: bool | None = None

    def forward(self, x: Tensor) -> Tensor:
        """The network's outputs for (B, …) flat inputs."""
        outputs: Tensor = self.network(x.view(-1, *self._inputs))
        return outputs

    def use(self, training: bool) -> None:
        """Enter a mode; costs nothing if it is the mode already."""
        if self._training is not training:
            set_mode(self.network, training)
            self._training = training


def set_mode(network: nn.Module, training: bool) -> None:
    """Put a network into training or evaluation mode, but its frozen parts always into evaluation mode.

    A part is frozen if it has parameters and none has a gradient. In training mode the batch normalisations of a
    pretrained extractor would compute something else than they were trained for.
    """
    network.train(training)
    for part in network.modules():
        parameters = list(part.parameters())
        if parameters and not any(each.requires_grad for each in parameters):
            part.eval()


class OwnEncoder(GaussianEncoder):
    """Heads for μ and θ on a user's network, which is in training mode in training steps alone."""

    def __init__(self, features: int, dimension: int, trunk: OwnNetwork) -> None:
        """Args: see `GaussianEncoder`."""
        super().__init__(features, dimension, trunk)
        self._own = [trunk]  # in a list, so that its parameters are registered once

    def forward(self, x: Tensor, conditions: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """See `Encoder.forward`."""
        self._own[0].use(training=True)
        return super().forward(x, conditions)

    def mean_of(self, x: Tensor) -> Tensor:
        """See `Encoder.mean_of`."""
        self._own[0].use(training=False)
        return super().mean_of(x)
