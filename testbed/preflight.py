"""What is found out about a run before any process of it starts: its data are there, and the settings fit them."""

from pathlib import Path

from common.config import RunConfig
from common.data.catalog import is_downloaded, verify
from common.plan import RunPlan
from testbed.engine import DOWNLOADS_ELSEWHERE


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
