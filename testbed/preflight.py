"""What is found out about a run before any process of it starts: its data are there, and the settings fit them."""

import math
from pathlib import Path

from common.chance import ChanceLevel, chance_level
from common.config import RunConfig
from common.data.catalog import Split, is_downloaded, load_labels, verify
from common.data.dataset import Targets
from common.plan import RunPlan
from testbed.engine import DOWNLOADS_ELSEWHERE, IN_THIS_PROCESS
from testbed.processors import available_processors, thread_warning


def check_data(config: RunConfig, data_dir: Path | None, engine: str) -> None:
    """Check the data as the parties of the run will, and the settings that only the data can prove wrong.

    What is to be downloaded is downloaded here, so that the parties, which start at the same time, find it. Where they
    download it themselves, nothing is checked.

    Raises:
        DataError: the data are missing or damaged, or too few for `data.validation`.
    """
    if data_are_here(config, data_dir, engine):
        name = config.data.name
        RunPlan(config, verify(name, "train", data_dir), verify(name, "test", data_dir))


def data_are_here(config: RunConfig, data_dir: Path | None, engine: str) -> bool:
    """Whether this process reads the same data as the parties of the run."""
    return data_dir is not None or engine not in DOWNLOADS_ELSEWHERE or not is_downloaded(config.data.name)


def known_chance_level(config: RunConfig, data_dir: Path | None, engine: str) -> ChanceLevel | None:
    """The test error of answers that are given without the input; None where the data are not here."""
    if not data_are_here(config, data_dir, engine):
        return None

    def labels(split: Split) -> Targets:
        return load_labels(config.data.name, split, data_dir)

    return chance_level(config.task, labels)


def processor_warning(config: RunConfig, engine: str, links_per_process: int) -> str | None:
    """A line on threads that this machine has no processors for; None if there is nothing to say."""
    devices = 0 if engine == IN_THIS_PROCESS else math.ceil(config.links / links_per_process)
    return thread_warning(config, 1 + devices, available_processors())
