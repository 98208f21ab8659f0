"""The encoder of a device that submits samples of its own, one at a time."""

from typing import TYPE_CHECKING, Protocol

from splitwave.common.protocol.arrays import Float32
from splitwave.common.protocol.blocks import LevelPayload, RealPayload

if TYPE_CHECKING:
    from splitwave.common.protocol.symbols import LinkContract


class LiveEncoder(Protocol):
    """Makes the symbols of single samples with one version of a model."""

    @property
    def version(self) -> str:
        """The version of the model."""

    @property
    def contract(self) -> "LinkContract":
        """The contract of the link."""

    @property
    def features(self) -> int:
        """The number of inputs of the network."""

    @property
    def serving_beta(self) -> float | None:
        """β of the next sample; None unless the network is β-conditioned."""

    def set_beta(self, beta: float) -> None:
        """Encode under another β from the next sample on.

        Raises:
            ProtocolError: the network is not β-conditioned, was not trained for this β, or has another folded in.
        """

    def encode(self, x: Float32) -> LevelPayload | RealPayload:
        """The symbols of one sample.

        Every payload has the codebook, as version 0: who sends it numbers the codebooks of its stream, and leaves out
        the levels that it has sent.

        Args:
            x: (features,) float32.

        Raises:
            DataError: another shape or dtype, or a value that is not finite.
        """
