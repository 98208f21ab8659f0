"""Checks before any process of a run starts: the data are present, and the settings fit them."""

import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import get_args

from splitwave.common.config.run_config import RunConfig
from splitwave.common.data.catalog import find, load_labels
from splitwave.common.data.dataset import Split
from splitwave.common.errors import ConfigError
from splitwave.common.named_object import add_python_path
from splitwave.common.protocol.plan import RunPlan
from splitwave.common.tasks.task import ChanceLevel
from splitwave.testbed.engine import DOWNLOADS_ELSEWHERE, IN_THIS_PROCESS
from splitwave.testbed.thread_warning import thread_warning


def check_data(config: RunConfig, data_dir: Path | None, engine: str) -> None:
    """Check that the data are present and intact, and that the settings fit the number of samples.

    Missing data are downloaded here, so that the parties, which start simultaneously, find them. Where the parties
    download the data themselves, only the known number of samples is checked.

    Raises:
        ConfigError: the view does not fit the data set or the number of links.
        DataError: the data are missing or damaged, or too few for `data.validation`.
    """
    data_set = find(config.data.choice)
    for link in range(config.links):
        config.view_shape_of(link)
    elsewhere = _downloaded_elsewhere(config, data_dir, engine)
    train, test = (
        data_set.verify(split, data_dir) if elsewhere is None else elsewhere[split] for split in get_args(Split)
    )
    RunPlan(config, train, test)


def check_own_code(config: RunConfig, python_path: Path | None, engine: str) -> None:
    """Make what the settings name as `module:object` importable; the parties import it.

    Raises:
        ConfigError: there is no such folder, or the engine's parties cannot read it.
    """
    for setting, name in config.named_objects.items():
        if engine in DOWNLOADS_ELSEWHERE:
            raise ConfigError(
                f"{setting} = {name}: the containers of --engine {engine} do not see your modules; use --engine process"
            )
        add_python_path(python_path)


def _downloaded_elsewhere(config: RunConfig, data_dir: Path | None, engine: str) -> Mapping[Split, int] | None:
    """Return the samples of each split if the parties read other copies of the data than this process; else None."""
    return find(config.data.choice).DOWNLOADED if data_dir is None and engine in DOWNLOADS_ELSEWHERE else None


def known_chance_level(config: RunConfig, data_dir: Path | None, engine: str) -> ChanceLevel | None:
    """Return the test error of answers that ignore the input; None where this process has no copy of the data."""
    if _downloaded_elsewhere(config, data_dir, engine) is not None:
        return None

    choice = config.data.choice
    return config.task.chance_level(
        lambda: load_labels(choice, "train", data_dir), load_labels(choice, "test", data_dir)
    )


def processor_warning(config: RunConfig, engine: str, links_per_process: int) -> str | None:
    """Return a warning about more threads than processors, or None."""
    devices = 0 if engine == IN_THIS_PROCESS else math.ceil(config.links / links_per_process)
    return thread_warning(config, 1 + devices, len(os.sched_getaffinity(0)))
