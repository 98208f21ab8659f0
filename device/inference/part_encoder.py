"""The common base of the encoders of a device's part: contract, β and the quantizer, without torch."""

from abc import ABC, abstractmethod
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from splitwave.common.errors import DataError, ProtocolError, Refusal
from splitwave.common.protocol.arrays import Bytes, Float32
from splitwave.common.protocol.blocks import LevelPayload, RealPayload
from splitwave.common.records.model_part import DevicePart

if TYPE_CHECKING:
    from splitwave.common.protocol.symbols import LinkContract


def array_level_indices(mean: Float32, breakpoints: Float32) -> Bytes:
    """The number of breakpoints ≤ z, `device.quantization.quantizer.level_indices` without torch  [QML-IB, eq. (8)].

    Args:
        mean: (...) float32 features.
        breakpoints: (T,) float32, non-decreasing, T ≤ 255.

    Returns:
        (...) uint8 in 0 … T; T for a feature that is not a number, as there.
    """
    return np.searchsorted(breakpoints, mean, side="right").astype(np.uint8)


class PartEncoder(ABC):
    """An encoder of one device's part; see `LiveEncoder`. Subclasses compute the mean.

    Attributes:
        part: its manifest.
    """

    def __init__(self, part: DevicePart) -> None:
        """Begin with the β that the part was exported for."""
        self.part = part
        self._breakpoints = np.array(part.grid.breakpoints, dtype=np.float32)
        self._levels = np.array(part.grid.levels, dtype=np.float32)
        self._beta = part.facts.conditions.betas[part.link]

    @abstractmethod
    def mean(self, x: Float32) -> Float32:
        """The (d,) float32 means μ of one sample's features, (features,) float32."""

    @property
    def version(self) -> str:
        """See `LiveEncoder.version`."""
        return self.part.facts.version

    @cached_property
    def contract(self) -> "LinkContract":
        """See `LiveEncoder.contract`."""
        return self.part.contract()

    @property
    def features(self) -> int:
        """See `LiveEncoder.features`."""
        return self.part.input.features

    @property
    def serving_beta(self) -> float | None:
        """See `LiveEncoder.serving_beta`."""
        return None if self.part.facts.conditions.beta_range is None else self._beta

    def set_beta(self, beta: float) -> None:
        """See `LiveEncoder.set_beta`."""
        bounds = self.part.facts.conditions.beta_range
        if bounds is None:
            raise ProtocolError(
                f"β = {beta}: the networks of model {self.version} are not β-conditioned", Refusal.FAILED_PRECONDITION
            )
        if not bounds[0] <= beta <= bounds[1]:  # which holds for what is not a number, too
            raise ProtocolError(
                f"β = {beta}: expected a number from {bounds[0]} to {bounds[1]}, the range that the networks were "
                "trained on (hypernetwork.beta)"
            )
        if beta != self._beta:
            self._use_beta(beta)
            self._beta = beta

    def encode(self, x: Float32) -> LevelPayload | RealPayload:
        """See `LiveEncoder.encode`."""
        if x.shape != (self.features,) or x.dtype != np.float32:
            raise DataError(f"a sample of shape {x.shape}, {x.dtype}: expected float32 of shape ({self.features},)")
        if not np.isfinite(x).all():
            raise DataError("a sample with a value that is not finite")
        return self.payload(self.mean(x))

    def payload(self, mean: Float32) -> LevelPayload | RealPayload:
        """The symbols of (d,) means, quantized unless T = 0."""
        if not self._levels.size:
            return RealPayload.rounded(mean[None, None], self.part.blocks.wire_dtype)
        return LevelPayload(array_level_indices(mean[None], self._breakpoints), 0, self._levels)

    @abstractmethod
    def _use_beta(self, beta: float) -> None:
        """Compute under another β, within the range of the training.

        Raises:
            ProtocolError: it cannot be changed.
        """
