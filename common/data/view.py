"""The protocol of views: what each of K devices sees of a sample."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from splitwave.common.data.dataset import Images, ImageShape, Split
from splitwave.common.errors import ConfigError
from splitwave.common.seam import Seam


@dataclass(frozen=True, slots=True)
class Place:
    """The device whose view is asked for, and the settings that views may use.

    Attributes:
        link, links: k, and K.
        seed: of keyed draws (ADR 3), that of the run unless `data.seed` is another.
        overlap: `data.overlap`, the share of a view that the next device sees too.
        crop: `data.crop`, the share of each side that a crop has.
    """

    link: int
    links: int
    seed: int = 0
    overlap: float = 0.0
    crop: float = 0.5


@runtime_checkable
class View(Protocol):
    """One way to divide a sample among devices. It depends on its arguments alone, and does not modify the arrays.

    A data set has one array of samples, or one for each sensor: `arrays[0]` alone, or `arrays[0]`, `arrays[1]`, ….
    """

    def shape(self, arrays: Sequence[ImageShape], place: Place, /) -> ImageShape:
        """(c, h, w) of the view of one device, without reading data.

        Args:
            arrays: (C, H, W) of a sample in each array.
            place: the device.

        Raises:
            ConfigError: the view does not fit these samples or this number of links.
        """

    def cut(self, arrays: Sequence[Images], place: Place, split: Split, /) -> Images:
        """The view that one device has of each sample.

        Args:
            arrays: (N, C, H, W) samples; an array is read when it is indexed, so index those that the device needs.
            place: the device.
            split: "train" or "test", for keyed draws.

        Returns:
            (N, c, h, w) of the arrays' dtype, which may share their memory.
        """


_KINDS = "splitwave.common.data.view_kinds"
VIEWS: Seam[View] = Seam(
    "data.view",
    "splitwave.views",
    {
        "rows": f"{_KINDS}.parts:ROWS",
        "columns": f"{_KINDS}.parts:COLUMNS",
        "grid": f"{_KINDS}.parts:GRID",
        "crop": f"{_KINDS}.crop:CROP",
        "same": f"{_KINDS}.whole:SAME",
        "sensors": f"{_KINDS}.whole:SENSORS",
    },
)


def only_array(view: str, arrays: Sequence[ImageShape]) -> ImageShape:
    """The shape of the one array that a view divides.

    Raises:
        ConfigError: the data set has several.
    """
    if len(arrays) != 1:
        raise ConfigError(
            f"data.view = {view}: expected a data set with one array of samples, got one with {len(arrays)}; "
            "the view sensors gives each device its own"
        )
    return arrays[0]
