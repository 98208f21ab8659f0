"""Loads the samples that successive trials of one process share."""

from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from splitwave.common.config.run_config import RunConfig
from splitwave.common.config.sections import DataSettings
from splitwave.common.data.catalog import load_labels
from splitwave.common.tasks.task import Targets
from splitwave.device.learning.views import Views, load_stacked_views


class TrialData(NamedTuple):
    """The views of all links, and the labels of both splits."""

    views: list[Views]
    train_labels: Targets
    test_labels: Targets


@lru_cache(maxsize=2)
def shared_data(name: str, links: int, overlap: float, data_dir: Path | None) -> TrialData:
    """Load the data of trials, cached in this process; callers must not modify them."""
    config = RunConfig(links=links, data=DataSettings(name=name, overlap=overlap))
    views = load_stacked_views(config, range(links), data_dir)
    return TrialData(
        [views.of(link) for link in range(links)],
        load_labels(name, "train", data_dir),
        load_labels(name, "test", data_dir),
    )
