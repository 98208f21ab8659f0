"""Loads what devices see: each its own strip of every image, and no label."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from splitwave.common.config.run_config import RunConfig
from splitwave.common.data.catalog import fingerprint, load_images
from splitwave.common.data.dataset import Split
from splitwave.common.data.views import row_view
from splitwave.common.protocol.arrays import Float32
from splitwave.device.learning.worker import Views


@dataclass(frozen=True, slots=True)
class StackedViews:
    """What n links see of every sample, (n, N, features) float32, in the order of `links`; and the data's digest."""

    links: tuple[int, ...]
    train: Float32
    test: Float32
    data_digest: str

    def of(self, link: int) -> Views:
        """The part of one of the links, without a copy."""
        place = self.links.index(link)
        return Views(self.train[place], self.test[place], self.data_digest)


def load_stacked_views(config: RunConfig, links: Sequence[int], data_dir: Path | None) -> StackedViews:
    """The parts of these links of both splits; images are read once, however many links there are.

    Raises:
        DataError: the data are missing or damaged.
    """

    def stacked(split: Split) -> Float32:
        images = load_images(config.data.name, split, data_dir)
        views = np.empty((len(links), len(images), math.prod(config.view_shape)), dtype=np.float32)
        for view, link in zip(views, links, strict=True):
            view[:] = row_view(images, config.links, link, config.data.overlap)
        return views

    return StackedViews(tuple(links), stacked("train"), stacked("test"), fingerprint(config.data.name, data_dir))


LoadViews = Callable[[RunConfig, Sequence[int]], StackedViews]


class HostedViews:
    """What the links of one process see: loaded when the first of them is leased, for all at once, and kept."""

    def __init__(self, wishes: Sequence[int], load: LoadViews) -> None:
        """Args: the links that the process asks for; without any it takes what it gets. Who loads."""
        self._wishes = wishes
        self._load = load
        self._config: RunConfig | None = None
        self.stacked: StackedViews | None = None

    def open(self, config: RunConfig, link: int) -> Views:
        """The part of a link.

        Raises:
            DataError: the data are missing or damaged.
        """
        if self.stacked is None or self._config != config or link not in self.stacked.links:
            self.stacked = self._load(config, self._wishes if link in self._wishes else [link])
            self._config = config
        return self.stacked.of(link)
