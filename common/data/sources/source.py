"""The protocol of sources, and the bounds on what they read."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from splitwave.common.data.dataset import Split
from splitwave.common.data.sources.options import SourceOptions
from splitwave.common.errors import DataError, MissingDataError

MAX_ARRAY_BYTES = 4 << 30
"""The largest array that is read; larger ones are refused before memory is taken for them."""

RawArray = NDArray[Any]
"""An array as a file has it; `checks` makes inputs and targets of it, or refuses it."""


class Source(Protocol):
    """One format of data: a module with these functions. They return arrays as they are, which `checks` then checks."""

    def read_inputs(self, options: SourceOptions, split: Split, data_dir: Path | None, /) -> RawArray:
        """The inputs of a split: (N, H, W), (N, C, H, W) or (N, F).

        Raises:
            DataError: the data are missing or damaged, or larger than `MAX_ARRAY_BYTES`.
        """
        ...

    def read_targets(self, options: SourceOptions, split: Split, data_dir: Path | None, /) -> RawArray:
        """(N,) integer classes, or (N,) or (N, D) real numbers, in the order of the inputs; errors likewise."""
        ...


@runtime_checkable
class Sensors(Protocol):
    """A source whose devices may have arrays of their own."""

    def sensors(self, options: SourceOptions, data_dir: Path | None, /) -> int:
        """How many arrays of inputs there are: one for all devices, or one for each."""
        ...

    def read_sensor(self, options: SourceOptions, sensor: int, split: Split, data_dir: Path | None, /) -> RawArray:
        """As `Source.read_inputs`, one of the arrays; sample n of every array has target n."""
        ...


@runtime_checkable
class Remarks(Protocol):
    """A source that has something to say about data that can be used."""

    def remarks(self, options: SourceOptions, data_dir: Path | None, /) -> Sequence[str]:
        """One sentence for each thing that the user should know."""
        ...


def place_of(options: SourceOptions, data_dir: Path | None) -> Path:
    """The file or folder that `data.path` names, within the data directory.

    A path that leaves the directory is refused: devices get the settings from a base station, which must not choose
    what is read on their machines.

    Raises:
        DataError: there is no data directory, or nothing in it has this path.
    """
    if data_dir is None:
        raise MissingDataError(
            f"data.name = {options.name} reads from the data directory, and none is named: --data-dir DIR, or "
            "SPLITWAVE_DATA_DIR"
        )
    path = Path(options.path or ".")
    if path.is_absolute() or ".." in path.parts:
        raise DataError(
            f"data.path = {options.path}: expected a path within the data directory {data_dir}, because every party "
            "looks in its own"
        )
    place = data_dir / path
    if not place.exists():
        raise MissingDataError(f"data.path: {place} does not exist")
    return place


def check_bytes(count: int, what: object, largest: int | None = None) -> None:
    """Refuse an array that is too large.

    Raises:
        DataError: it has more than `largest` bytes (by default `MAX_ARRAY_BYTES`).
    """
    limit = MAX_ARRAY_BYTES if largest is None else largest
    if count > limit:
        raise DataError(f"{what}: an array of {count:,} bytes; at most {limit:,} are read")


def array_bytes(shape: tuple[int, ...], dtype: np.dtype[Any]) -> int:
    """The size of an array, without overflow."""
    total = dtype.itemsize
    for size in shape:
        total *= size
    return total
