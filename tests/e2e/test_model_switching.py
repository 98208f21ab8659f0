"""The model of a station changes under load, with real processes and the commands of users."""

import subprocess
import sys

import pytest

from tests.installed_command import ENVIRONMENT
from tests.limits import LIMIT_S

pytestmark = pytest.mark.e2e


def test_no_query_is_lost_or_answered_by_two_models_while_the_model_changes() -> None:
    command = [sys.executable, "-m", "tests.e2e.live.switching", "--rate=50", "--queries=2000"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, env=ENVIRONMENT, timeout=LIMIT_S)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "2 devices: {'answered': 4000}" in ended.stdout
    assert "queries answered by two models: 0; order of the models: [1, 2, 1, 2]" in ended.stdout
