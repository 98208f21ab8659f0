"""Trainings with random kills, also behind a faulty network, end in the weights of an undisturbed one."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.installed_command import ENVIRONMENT
from tests.limits import LIMIT_S

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parents[2]


def chaos(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.e2e.chaos", "--kills=4", "--seed=1", *options]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, env=ENVIRONMENT, cwd=ROOT, timeout=3 * LIMIT_S
    )


@pytest.mark.parametrize(
    "options",
    [
        ("--engine=process",),
        pytest.param(("--engine=compose",), marks=pytest.mark.compose),
        ("--engine=by-hand",),
        ("--proxy",),
    ],
)
def test_kills_at_random_moments_change_nothing_of_the_result(options: tuple[str, ...]) -> None:
    ended = chaos(*options)

    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "kills            4 of 4" in ended.stdout


def test_a_training_that_ends_before_all_kills_is_no_success() -> None:
    ended = chaos("--engine=by-hand", "--epochs=1")

    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert "training ended before all kills were made" in ended.stdout
