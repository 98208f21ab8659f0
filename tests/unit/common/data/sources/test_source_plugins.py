"""A source of another package: found by its entry point, read and checked like the built-in ones."""

from pathlib import Path

import numpy as np
import pytest

from splitwave.common.config.data_facts import with_data_facts
from splitwave.common.config.run_config import RunConfig
from splitwave.common.data.catalog import SOURCES, load_images, load_labels
from tests.entry_points import add_entry_points

TEXT_FILES = """
import numpy as np

def _read(options, split, data_dir, what):
    return np.loadtxt(data_dir / options.path / f"{split}-{what}.txt", ndmin=2)

def read_inputs(options, split, data_dir):
    return _read(options, split, data_dir, "x").astype(np.float32)

def read_targets(options, split, data_dir):
    return _read(options, split, data_dir, "y")[:, 0].astype(np.int64)
"""


def test_a_source_of_a_package_gives_samples_shape_and_classes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "plugin").mkdir()
    plugin = "[splitwave.data_sources]\ntext = text_plugin\n"
    add_entry_points(tmp_path / "plugin", monkeypatch, plugin, text_plugin=TEXT_FILES)
    (tmp_path / "mine").mkdir()
    samples = {"train": np.arange(24.0).reshape(6, 4), "test": np.arange(12.0).reshape(3, 4)}
    for split, x in samples.items():
        np.savetxt(tmp_path / "mine" / f"{split}-x.txt", x)
        np.savetxt(tmp_path / "mine" / f"{split}-y.txt", np.arange(len(x)) % 3)

    asked = RunConfig.model_validate({"data": {"name": "text", "path": "mine"}})
    config = with_data_facts(asked, tmp_path)

    assert SOURCES.names == (*SOURCES.built_in, "text")
    assert (config.data.shape, config.data.classes) == ([1, 4, 1], 3)
    np.testing.assert_array_equal(load_images(config.data.choice, "test", tmp_path)[:, 0, :, 0], samples["test"])
    np.testing.assert_array_equal(load_labels(config.data.choice, "test", tmp_path), [0, 1, 2])
