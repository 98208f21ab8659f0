"""Samples of an application: checked where they enter, and brought into the range that the encoder expects."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from splitwave.common.errors import DataError
from splitwave.common.protocol.arrays import Float32
from splitwave.device.application.live_link import LiveLink

_NAMES = ("stream", "sequence", "captured_ns")


class SampleError(DataError):
    """A sample, or its name, that cannot be submitted; the next one may be."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A sample of a source, with its name where the source gives one.

    Attributes:
        x: as `Device.infer` takes it.
        stream, sequence, captured_ns: likewise.
        origin: such as the name of its file, for messages.
    """

    x: object
    stream: int | None = None
    sequence: int | None = None
    captured_ns: int | None = None
    origin: str = ""

    @classmethod
    def of(cls, item: object, origin: str = "") -> "Sample":
        """An item of an iterable as a sample: an array, or a mapping with `x` and parts of a name.

        Raises:
            SampleError: a mapping without `x`, with another key, or with a part of a name that is no whole number.
        """
        if isinstance(item, Sample):
            return item
        if not isinstance(item, Mapping):
            return cls(item, origin=origin)
        unknown = sorted(map(str, set(item) - {"x", *_NAMES}))
        if unknown or "x" not in item:
            detail = f"{unknown} in it" if unknown else "no x in it"
            expected = f"expected x, and none or some of {', '.join(_NAMES)}"
            raise SampleError(f"{_at(origin)}a sample with {detail}: {expected}")
        stream, sequence, captured_ns = (_whole(item.get(name), name, origin) for name in _NAMES)
        return cls(item["x"], stream, sequence, captured_ns, origin)


class SampleReader:
    """Turns samples of an application into inputs of one link's encoder."""

    def __init__(self, link: LiveLink) -> None:
        """Args: the link, which knows the shape of its samples."""
        self._link = link
        self._shape = tuple(link.input_shape)
        self._shapes = accepted_shapes(self._shape)

    def read(self, x: object) -> Float32:
        """(features,) float32 inputs.

        Args:
            x: (features,) or of the input shape (without a single channel, too): float32 in the range that the encoder
                expects, or uint8 pixels.

        Raises:
            SampleError: another type, shape or dtype, or a value that is not finite.
        """
        return self._link.features_of(self._checked(x).reshape(self._shape))

    def _checked(self, x: object) -> NDArray[np.uint8] | Float32:
        expected = f"expected a NumPy array of shape {' or '.join(map(str, self._shapes))}, float32 or uint8"
        if not isinstance(x, np.ndarray):
            raise SampleError(f"a sample of type {type(x).__name__}: {expected}")
        if x.shape not in self._shapes or x.dtype not in (np.float32, np.uint8):
            raise SampleError(f"a sample of shape {x.shape}, dtype {x.dtype}: {expected}")
        if x.dtype == np.float32 and not np.isfinite(x).all():
            count = np.count_nonzero(~np.isfinite(x))
            raise SampleError(f"a sample of shape {x.shape}, dtype {x.dtype}, with {count} values that are not finite")
        return x


def accepted_shapes(shape: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
    """The shapes of arrays that hold one sample: flat, the input shape, and that without its single channel."""
    shapes = [(math.prod(shape),), shape]
    if len(shape) > 1 and shape[0] == 1:
        shapes.append(shape[1:])
    return tuple(dict.fromkeys(shapes))


def _whole(value: object, name: str, origin: str) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise SampleError(f"{_at(origin)}{name} = {value!r} of a sample: expected a whole number")
    return int(value)


def _at(origin: str) -> str:
    return f"{origin}: " if origin else ""
