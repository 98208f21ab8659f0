"""Views `same` and `sensors`: a device sees a whole sample, that of all devices or its own."""

from collections.abc import Sequence

from splitwave.common.data.dataset import Images, ImageShape, Split
from splitwave.common.data.view import Place, View, only_array
from splitwave.common.errors import ConfigError


class SameView:
    """Every device sees all. `data.noise` gives each its own noise, as in the CEO problem [Berger et al., 1996]."""

    def shape(self, arrays: Sequence[ImageShape], _place: Place, /) -> ImageShape:
        """That of a sample."""
        return only_array("same", arrays)

    def cut(self, arrays: Sequence[Images], _place: Place, _split: Split, /) -> Images:
        """The samples."""
        return arrays[0]


class SensorView:
    """Device k sees array k of the data set: truly different sensors, with shapes of their own."""

    def shape(self, arrays: Sequence[ImageShape], place: Place, /) -> ImageShape:
        """That of a sample in the link's array."""
        if len(arrays) != place.links:
            raise ConfigError(
                f"data.view = sensors: expected a data set with {place.links} arrays of samples, one a link, "
                f"got one with {len(arrays)}"
            )
        return arrays[place.link]

    def cut(self, arrays: Sequence[Images], place: Place, _split: Split, /) -> Images:
        """The link's array; the others are not read."""
        return arrays[place.link]


SAME: View = SameView()
SENSORS: View = SensorView()
