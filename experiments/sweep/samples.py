"""The samples that trials of the in-process engine share."""

from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from common.config import DataSettings, RunConfig
from common.data.catalog import DataSetName, load_labels
from common.data.dataset import Targets
from device.views import load_stacked_views
from device.worker import Views


class Data(NamedTuple):
    """Both splits: the links' views, and the labels."""

    views: list[Views]
    train_labels: Targets
    test_labels: Targets


@lru_cache(maxsize=2)
def resident(name: DataSetName, links: int, overlap: float, data_dir: Path | None) -> Data:
    """What this process keeps from one trial to the next; nothing writes to it."""
    config = RunConfig(links=links, data=DataSettings(name=name, overlap=overlap))
    views = load_stacked_views(config, range(links), data_dir)
    return Data(
        [views.of(link) for link in range(links)],
        load_labels(name, "train", data_dir),
        load_labels(name, "test", data_dir),
    )
