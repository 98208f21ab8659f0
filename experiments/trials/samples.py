"""Loads the samples that successive trials of one process share."""

from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from splitwave.common.config.data_settings import DataSettings
from splitwave.common.config.run_config import RunConfig
from splitwave.common.data.catalog import load_labels
from splitwave.common.files.data_folder import reading_from
from splitwave.common.tasks.task import Targets
from splitwave.device.learning.views import Views, load_views
from splitwave.experiments.inprocess_run import InprocessRun


class TrialData(NamedTuple):
    """The views of all links, the labels of both splits, and the data directory."""

    views: list[Views]
    train_labels: Targets
    test_labels: Targets
    data_dir: Path | None

    def open_run(self, config: RunConfig) -> InprocessRun:
        """Create an untrained run on these data."""
        with reading_from(self.data_dir):
            return InprocessRun(config, self.views, self.train_labels, self.test_labels)


def shared_data(config: RunConfig, data_dir: Path | None) -> TrialData:
    """Load the data of a trial, cached in this process; callers must not modify them.

    Raises:
        DataError: the data are missing or damaged.
    """
    return _load(config.data.name, config.links, config.data.overlap, data_dir)


@lru_cache(maxsize=2)
def _load(name: str, links: int, overlap: float, data_dir: Path | None) -> TrialData:
    config = RunConfig(links=links, data=DataSettings(name=name, overlap=overlap))
    views = load_views(config, range(links), data_dir)
    return TrialData(
        [views.of(link) for link in range(links)],
        load_labels(name, "train", data_dir),
        load_labels(name, "test", data_dir),
        data_dir,
    )
