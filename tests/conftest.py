"""Settings and fixtures for all tests."""

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import hypothesis
import pytest

from tests.limits import LIMIT_S

# No time limits for tests and the generation of their examples, so that they do not fail on a busy machine.
hypothesis.settings.register_profile(
    "splitwave", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("splitwave")

if find_spec("torch"):  # else the run has the plugin `tests.without_torch`, or its tests fail
    import torch

    torch.set_num_threads(1)  # bitwise comparisons need equal thread counts

TOYS = Path(__file__).parent / "plugins" / "toys"


@pytest.fixture(scope="session")
def installed_toys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder like site-packages, in which pip has put the package of toys alone."""
    folder = tmp_path_factory.mktemp("toys")
    source = shutil.copytree(TOYS, folder / "source")  # setuptools builds beside the source
    target = folder / "site-packages"
    command: list[str | Path] = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    command += ["--no-index", "--no-deps", "--no-build-isolation", "--target", target, source]
    answer = subprocess.run(command, capture_output=True, text=True, check=False, timeout=LIMIT_S)
    assert answer.returncode == 0, answer.stderr
    return target


@pytest.fixture
def toys(installed_toys: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The package is found for the time of a test, in this process and in those that it starts."""
    monkeypatch.syspath_prepend(installed_toys)
    monkeypatch.setenv("PYTHONPATH", str(installed_toys), prepend=os.pathsep)
