"""The samples that trials of the in-process engine share."""

from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from splitwave.common.config.run_config import RunConfig
from splitwave.common.config.sections import DataSettings
from splitwave.common.data.catalog import DataSetName, load_labels
from splitwave.common.data.dataset import Targets
from splitwave.device.learning.views import load_stacked_views
from splitwave.device.learning.worker import Views


class Data(NamedTuple):
    """Both splits: the links' views, and the labels."""

    views: list[Views]
    train_labels: Targets
    test_labels: Targets


@lru_cache(maxsize=2)
def shared_data(name: DataSetName, links: int, overlap: float, data_dir: Path | None) -> Data:
    """What this process keeps from one trial to the next; nothing writes to it."""
    config = RunConfig(links=links, data=DataSettings(name=name, overlap=overlap))
    views = load_stacked_views(config, range(links), data_dir)
    return Data(
        [views.of(link) for link in range(links)],
        load_labels(name, "train", data_dir),
        load_labels(name, "test", data_dir),
    )
