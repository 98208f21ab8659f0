"""Loads data sets as tensors in memory: all views of all samples, and the labels."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self

import torch
from torch import Tensor

from splitwave.common.data.catalog import DATA_SETS, load_images, load_labels
from splitwave.common.data.dataset import Split
from splitwave.common.data.holdout import hold_out
from splitwave.common.data.views import row_view
from splitwave.common.errors import DataError
from splitwave.common.protocol.arrays import Int64
from splitwave.common.tasks.classification import Classification


class SampleChoice(Protocol):
    """The settings that decide which samples a training of a baseline sees."""

    @property
    def links(self) -> int:
        """K, how many views there are."""
        ...

    @property
    def data(self) -> str:
        """The name of the data set."""
        ...

    @property
    def overlap(self) -> float:
        """The share of a view that the next device sees, too."""
        ...

    @property
    def validation(self) -> int:
        """How many training samples are held out."""
        ...


@dataclass(frozen=True, slots=True)
class Samples:
    """N samples: K views of (N, P) float32 in [0, 1], and (N,) int64 classes."""

    views: tuple[Tensor, ...]
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, ids: Int64) -> Self:
        """Return a copy of the samples with these indices."""
        places = torch.from_numpy(ids)
        return type(self)(tuple(view[places] for view in self.views), self.labels[places])


def load_samples(settings: SampleChoice, split: Split, data_dir: Path | None) -> Samples:
    """Load one split of the data set, cut into K views with the overlap of the settings.

    Raises:
        DataError: the data are missing or damaged, or have no classes.
    """
    name, links = settings.data, settings.links
    if not isinstance(DATA_SETS.load(name).TASK, Classification):
        raise DataError(f"{name}: the baselines are classifiers, and this data set has no classes")
    images = load_images(name, split, data_dir)
    views = tuple(torch.from_numpy(row_view(images, links, link, settings.overlap)) for link in range(links))
    return Samples(views, torch.from_numpy(load_labels(name, split, data_dir)))


def load_training(settings: SampleChoice, data_dir: Path | None) -> tuple[Samples, Samples]:
    """Load the training split, divided into training samples and held-out samples.

    Raises:
        DataError: as for `load_samples`, or `validation` leaves nothing to train on.
    """
    samples = load_samples(settings, "train", data_dir)
    train_ids, validation_ids = hold_out(len(samples), settings.validation)
    return samples.take(train_ids), samples.take(validation_ids)
