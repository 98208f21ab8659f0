"""The interface of the link that applications stand on; `device.live` has the link itself."""

from collections.abc import Callable
from concurrent.futures import Future
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from splitwave.common.errors import SplitwaveError
from splitwave.common.protocol.arrays import Float32
from splitwave.common.protocol.query_name import QueryName
from splitwave.common.protocol.symbols import LinkContract
from splitwave.device.live.reply import Reply


class LiveLink(Protocol):
    """A device's link to a base station that serves."""

    @property
    def features(self) -> int:
        """The number of inputs of the encoder."""

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """(C, h, w) of a sample."""

    @property
    def contract(self) -> LinkContract:
        """The shape of everything that crosses the link."""

    @property
    def link(self) -> int:
        """Its number."""

    @property
    def model_version(self) -> str:
        """The version of the model that encodes now."""

    def features_of(self, sample: NDArray[np.uint8] | Float32) -> Float32:
        """Copy a sample of the input shape to (features,) float32 inputs of the encoder; uint8 pixels are scaled."""

    def submit(self, name: QueryName, x: Float32) -> "Future[Reply]":
        """Send the part of a query; any thread may call it.

        Args:
            name: of the query.
            x: (features,) float32, as of `features_of`.

        Returns:
            The answer, or a ProtocolError or UnreachableError.
        """

    def on_failure(self, callback: Callable[[SplitwaveError], None]) -> Callable[[], None]:
        """Have a function called once when the link has failed for good, from another thread, or at once if it has.

        Returns:
            A function that takes this back.
        """

    def close(self) -> None:
        """End the link; what is unanswered then gets an error."""
