"""View `crop`: each device sees a window of each sample, at a place that is drawn for it."""

from collections.abc import Sequence
from typing import get_args

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from splitwave.common.data.dataset import Images, ImageShape, Split
from splitwave.common.data.view import Place, View, only_array
from splitwave.common.randomness import Purpose, generator


class RandomCrop:
    """A window of `crop` of each side, uniform over all places in the sample.

    The place is drawn once per (seed, link, split, sample), not anew in each epoch: it is where the device stands.
    """

    def shape(self, arrays: Sequence[ImageShape], place: Place, /) -> ImageShape:
        """At least one pixel, and the same for every link."""
        channels, height, width = only_array("crop", arrays)
        return channels, max(1, round(place.crop * height)), max(1, round(place.crop * width))

    def cut(self, arrays: Sequence[Images], place: Place, split: Split, /) -> Images:
        """The windows, a copy."""
        samples = arrays[0]
        _, height, width = self.shape([samples.shape[1:]], place)
        windows = sliding_window_view(samples, (height, width), axis=(2, 3))
        rng = generator(place.seed, Purpose.VIEW_CROP, link=place.link, step=get_args(Split).index(split))
        tops, lefts = (rng.integers(places, size=len(samples)) for places in windows.shape[2:4])
        return windows[np.arange(len(samples)), :, tops, lefts]  # type: ignore[return-value]  # of the samples' dtype


CROP: View = RandomCrop()
