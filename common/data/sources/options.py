"""The options of a source of data of a user's own, and the facts that are found in the data."""

from dataclasses import dataclass
from typing import Literal

from splitwave.common.data.dataset import ImageShape
from splitwave.common.data.sources.known import KNOWN

OtherModes = Literal["convert", "refuse", "skip"]
Damaged = Literal["refuse", "skip"]
Colour = Literal["rgb", "grey"]


@dataclass(frozen=True, slots=True)
class Facts:
    """Facts about the data, which parties need to know before they read any, and must find again.

    Attributes:
        shapes: (C, H, W) of a sample; one, or one per device where each has an array of its own.
        classes: number of classes; 0 for a regression.
        mean, deviation: by channel, of the training split; empty where inputs are not standardised.
        target_mean, target_deviation: of each quantity of a regression over the training split.
        sha256: of the decoded training inputs and test inputs, in hexadecimal.
    """

    shapes: tuple[ImageShape, ...]
    classes: int
    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    target_mean: tuple[float, ...]
    target_deviation: tuple[float, ...]
    sha256: tuple[str, str]


@dataclass(frozen=True, slots=True)
class SourceOptions:
    """One choice of data; equal choices read equal data from equal files.

    Attributes:
        name: of the source.
        path: within the data directory, or the place of a function.
        size: (H, W) to which images are resized.
        colour: what images become.
        damaged_files, other_modes: what happens to files that are no images, and to images of another colour mode.
        test_share: the share of samples that a keyed split takes for testing; None for folders `train` and `test`.
        standardise: whether inputs are standardised by the mean and deviation of each channel.
        classes: as the user set it; None to count the labels.
        names, units: of the quantities of a regression.
        facts: None before the data were inspected.
    """

    name: str
    path: str | None = None
    size: tuple[int, int] | None = None
    colour: Colour = "rgb"
    damaged_files: Damaged = "refuse"
    other_modes: OtherModes = "convert"
    test_share: float | None = None
    standardise: bool = False
    classes: int | None = None
    names: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    facts: Facts | None = None

    def __str__(self) -> str:
        return f"{self.name} {self.path}" if self.path else self.name

    @property
    def title(self) -> str:
        """Source and path, with the name of the data set if it is a published one."""
        known = KNOWN.get(self.facts.sha256) if self.facts else None
        return f"{self} ({known})" if known else str(self)
