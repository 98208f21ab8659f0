"""Data sets as resident tensors: every view of every sample, and the labels."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import torch
from torch import Tensor

from splitwave.common.data.catalog import Split, load_images, load_labels, task
from splitwave.common.data.holdout import hold_out
from splitwave.common.data.views import row_view
from splitwave.common.errors import DataError
from splitwave.common.protocol.arrays import Int64
from splitwave.common.tasks.task import Classification
from splitwave.experiments.vddib_sr.settings import Settings


@dataclass(frozen=True, slots=True)
class Samples:
    """N samples: K views of (N, P) float32 in [0, 1], and (N,) int64 classes."""

    views: tuple[Tensor, ...]
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, ids: Int64) -> Self:
        """The samples at these places, copied."""
        places = torch.from_numpy(ids)
        return type(self)(tuple(view[places] for view in self.views), self.labels[places])


def load_samples(settings: Settings, split: Split, data_dir: Path | None) -> Samples:
    """One split of the settings' data set, cut into K views that overlap as they say.

    Raises:
        DataError: the data are missing or damaged, or have no classes.
    """
    name, links = settings.data, settings.links
    if not isinstance(task(name), Classification):
        raise DataError(f"{name}: VDDIB-SR tells classes apart, and this data set has none")
    images = load_images(name, split, data_dir)
    views = tuple(torch.from_numpy(row_view(images, links, link, settings.overlap)) for link in range(links))
    return Samples(views, torch.from_numpy(load_labels(name, split, data_dir)))


def load_training(settings: Settings, data_dir: Path | None) -> tuple[Samples, Samples]:
    """The training split without what is held out, and what is held out.

    Raises:
        DataError: as for `load_samples`, or `validation` leaves nothing to train on.
    """
    samples = load_samples(settings, "train", data_dir)
    train_ids, validation_ids = hold_out(len(samples), settings.validation)
    return samples.take(train_ids), samples.take(validation_ids)
