"""Whole runs with each view, from a data set to weights: distributed and in one process they are bitwise equal."""

from pathlib import Path

import pytest
import torch

from splitwave.basestation.run.run_context import Labels
from splitwave.common.config.run_config import RunConfig
from splitwave.common.data.catalog import load_labels
from splitwave.device.learning.views import SeparateViews, StackedViews, load_views
from tests.entry_points import add_entry_points
from tests.integration.test_equality import compare, config_of
from tests.integration.testbed import TinyData

SENSORS = """
import hashlib
import numpy as np
from splitwave.common.tasks.classification import Classification

SENSOR_SHAPES = ((1, 4, 6), (3, 2, 5), (1, 1, 9))
IMAGE_SHAPE = SENSOR_SHAPES[0]
TASK = Classification(classes=10)
DOWNLOADED = None
_COUNT = {"train": 70, "test": 24}

def load_sensor(sensor, split, data_dir):
    rng = np.random.default_rng([sensor, len(split)])
    labels = load_labels(split, data_dir)[:, None, None, None]
    return (labels + rng.standard_normal((_COUNT[split], *SENSOR_SHAPES[sensor]))).astype(np.float32)

def load_images(split, data_dir):
    return load_sensor(0, split, data_dir)

def load_labels(split, data_dir):
    return np.arange(_COUNT[split], dtype=np.int64) % 10

def content_digest(split, data_dir):
    return hashlib.sha256(split.encode()).hexdigest()

def verify(split, data_dir):
    return _COUNT[split]
"""


@pytest.fixture
def sensors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A data set of three sensors with three shapes, of another package."""
    add_entry_points(tmp_path, monkeypatch, "[splitwave.datasets]\nthree = sensors_plugin\n", sensors_plugin=SENSORS)


def data_of(config: RunConfig) -> TinyData:
    loaded = load_views(config, range(config.links), None)
    train, test = (torch.tensor(load_labels(config.data.name, split, None)).numpy() for split in ("train", "test"))
    views = [loaded.of(link) for link in range(config.links)]
    return TinyData(views, Labels(train, test, views[0].data_digest))


@pytest.mark.usefixtures("sensors")
@pytest.mark.parametrize("links_a_stream", [1, 3])
def test_three_sensors_of_three_shapes_train_to_equal_bits(links_a_stream: int, tmp_path: Path) -> None:
    config = config_of(3, 1, 2, "soft", 15, data={"name": "three", "view": "sensors"})
    assert isinstance(load_views(config, range(3), None), SeparateViews)
    data = data_of(config)
    assert [view.train.shape for view in data.views] == [(70, 24), (70, 30), (70, 9)]
    (tmp_path / "state").mkdir()
    compare(config, tmp_path / "state", data, links_a_stream)


@pytest.mark.parametrize(
    "data", [{"view": "crop"}, {"view": "same", "noise": 0.3}, {"view": "columns", "overlap": 0.2}]
)
def test_a_process_loads_the_same_view_of_a_link_alone_and_among_others(data: dict[str, object]) -> None:
    config = RunConfig.model_validate({"data": data, "links": 3, "seed": 2})
    together, alone = load_views(config, [2, 0], None), load_views(config, [2], None)
    assert isinstance(together, StackedViews)
    for split in ("train", "test"):
        assert (getattr(together.of(2), split) == getattr(alone.of(2), split)).all()
