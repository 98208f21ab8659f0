"""Loads the views of devices: their rows of every image, and no labels."""

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


@dataclass(frozen=True, slots=True)
class Views:
    """One device's part of every sample, (N, features) float32, and the digest of the data set it was cut from."""

    train: Float32
    test: Float32
    data_digest: str


@dataclass(frozen=True, slots=True)
class StackedViews:
    """The views of n links, (n, N, features) float32, in the order of `links`, and the digest of the data set."""

    links: tuple[int, ...]
    train: Float32
    test: Float32
    data_digest: str

    def of(self, link: int) -> Views:
        """The views of one link, which share memory with these."""
        place = self.links.index(link)
        return Views(self.train[place], self.test[place], self.data_digest)


def load_stacked_views(config: RunConfig, links: Sequence[int], data_dir: Path | None) -> StackedViews:
    """Load the views of these links; images are read once, however many links there are.

    Raises:
        DataError: the data are missing or damaged.
    """

    def stacked(split: Split) -> Float32:
        images = load_images(config.data.choice, split, data_dir)
        views = np.empty((len(links), len(images), math.prod(config.view_shape)), dtype=np.float32)
        for view, link in zip(views, links, strict=True):
            view[:] = row_view(images, config.links, link, config.data.overlap)
        return views

    return StackedViews(tuple(links), stacked("train"), stacked("test"), fingerprint(config.data.choice, data_dir))


LoadViews = Callable[[RunConfig, Sequence[int]], StackedViews]


class HostedViews:
    """The views of all links of one process: loaded together when the first link is leased, and kept.

    Attributes:
        stacked: the views that were loaded last; None before the first lease.
    """

    def __init__(self, requested_links: Sequence[int], load: LoadViews) -> None:
        """Set up without loading anything.

        Args:
            requested_links: the links that the process asks for; empty if it takes any link.
            load: loads the views of links.
        """
        self._requested_links = requested_links
        self._load = load
        self._config: RunConfig | None = None
        self.stacked: StackedViews | None = None

    def open(self, config: RunConfig, link: int) -> Views:
        """The views of a leased link.

        Raises:
            DataError: the data are missing or damaged.
        """
        if self.stacked is None or self._config != config or link not in self.stacked.links:
            self.stacked = self._load(config, self._requested_links if link in self._requested_links else [link])
            self._config = config
        return self.stacked.of(link)
