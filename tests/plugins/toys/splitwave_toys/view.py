"""A view: every K-th row, so that all devices see the whole image in a coarse form."""

from collections.abc import Sequence

from splitwave.common.data.dataset import Images, ImageShape, Split
from splitwave.common.data.view import Place, only_array
from splitwave.common.errors import ConfigError


class EveryOtherRow:
    """Device k sees rows k, k + K, k + 2K, …; all views have ⌊H/K⌋ rows."""

    def shape(self, arrays: Sequence[ImageShape], place: Place, /) -> ImageShape:
        """(C, ⌊H/K⌋, W)."""
        channels, height, width = only_array("toy-every-other", arrays)
        if place.links > height:
            raise ConfigError(f"data.view = toy-every-other: {height} rows for {place.links} links")
        return channels, height // place.links, width

    def cut(self, arrays: Sequence[Images], place: Place, _split: Split, /) -> Images:
        """A slice, no copy."""
        rows = arrays[0].shape[2] // place.links
        return arrays[0][:, :, place.link :: place.links][:, :, :rows]


EVERY_OTHER = EveryOtherRow()
