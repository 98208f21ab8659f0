"""Loads the views of devices: their part of every sample, and no labels."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import numpy as np

from splitwave.common.config.run_config import RunConfig
from splitwave.common.data.catalog import fingerprint
from splitwave.common.data.dataset import Split
from splitwave.common.data.sample_arrays import SampleArrays
from splitwave.common.data.view import VIEWS
from splitwave.common.data.view_features import view_of
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


@dataclass(frozen=True, slots=True)
class SeparateViews:
    """The views of links whose shapes differ, in the order of `links`."""

    links: tuple[int, ...]
    each: tuple[Views, ...]

    def of(self, link: int) -> Views:
        """The views of one link."""
        return self.each[self.links.index(link)]


def load_views(config: RunConfig, links: Sequence[int], data_dir: Path | None) -> StackedViews | SeparateViews:
    """Load the views of these links; an array of samples is read once, however many links it is for.

    Raises:
        ConfigError: the view does not fit the data set or the number of links.
        DataError: the data are missing or damaged.
    """
    shapes = {link: config.view_shape_of(link) for link in links}
    view = VIEWS.load(config.data.view)

    def cut(split: Split) -> Iterator[Float32]:
        arrays = SampleArrays(config.data.choice, split, data_dir)
        return (
            view_of(view, arrays, config.place(link), split, shape=shape, noise=config.data.noise)
            for link, shape in shapes.items()
        )

    digest = fingerprint(config.data.choice, data_dir)
    if len(set(shapes.values())) == 1:
        train, test = (_stack(len(links), cut(split)) for split in get_args(Split))
        return StackedViews(tuple(links), train, test, digest)
    each = zip(*map(cut, get_args(Split)), strict=True)
    return SeparateViews(tuple(links), tuple(Views(train, test, digest) for train, test in each))


def _stack(links: int, views: Iterator[Float32]) -> Float32:
    """One array of all views; no more than one view at a time is in memory twice."""
    first = next(views)
    stacked = np.empty((links, *first.shape), dtype=np.float32)
    stacked[0] = first
    del first
    for place, view in zip(stacked[1:], views, strict=True):
        place[:] = view
    return stacked


LoadViews = Callable[[RunConfig, Sequence[int]], StackedViews | SeparateViews]


class HostedViews:
    """The views of all links of one process: loaded together when the first link is leased, and kept."""

    def __init__(self, requested_links: Sequence[int], load: LoadViews) -> None:
        """Set up without loading anything.

        Args:
            requested_links: the links that the process asks for; empty if it takes any link.
            load: loads the views of links.
        """
        self._requested_links = requested_links
        self._load = load
        self._config: RunConfig | None = None
        self._loaded: StackedViews | SeparateViews | None = None

    @property
    def stacked(self) -> StackedViews | None:
        """The views that were loaded last; None before the first lease, and where their shapes differ."""
        return self._loaded if isinstance(self._loaded, StackedViews) else None

    def open(self, config: RunConfig, link: int) -> Views:
        """The views of a leased link.

        Raises:
            DataError: the data are missing or damaged.
        """
        if self._loaded is None or self._config != config or link not in self._loaded.links:
            self._loaded = self._load(config, self._requested_links if link in self._requested_links else [link])
            self._config = config
        return self._loaded.of(link)
