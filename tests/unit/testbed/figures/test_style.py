"""Figures do not depend on matplotlib's settings on a user's machine."""

import os
import subprocess
import sys
from pathlib import Path

import matplotlib as mpl
import pytest

from splitwave.testbed.figures.training_plot import draw_training
from splitwave.testbed.results.metrics import append_epoch
from tests.unit.testbed.figures.test_plots import TASKS, record


def test_a_users_matplotlibrc_changes_no_figure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    task = TASKS[0]
    metrics, summary = tmp_path / "metrics.jsonl", tmp_path / "summary.json"
    append_epoch(metrics, record(0), task)
    expected = [path.read_bytes() for path in draw_training(metrics, summary, tmp_path / "a.png", task)]

    monkeypatch.setitem(mpl.rcParams, "text.usetex", True)  # LaTeX is not installed everywhere
    monkeypatch.setitem(mpl.rcParams, "font.size", 30.0)
    monkeypatch.setenv("PATH", "/nowhere")

    assert [path.read_bytes() for path in draw_training(metrics, summary, tmp_path / "b.png", task)] == expected
    assert mpl.rcParams["font.size"] == 30.0


def backend_with(variable: str) -> str:
    """Return matplotlib's backend in a process with this value of MPLBACKEND, after an import of our figures."""
    chosen = "dict.__getitem__(matplotlib.rcParams, 'backend')"  # other ways of asking choose one
    program = (
        f"import splitwave.testbed.figures.style, matplotlib; b = {chosen}; print(b if isinstance(b, str) else None)"
    )
    command = [sys.executable, "-c", program]
    environment = {**os.environ, "MPLBACKEND": variable}
    answer = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout.strip()


@pytest.mark.parametrize(
    "backend", ["module://a_notebook_that_is_not_installed.backend", "module://no_such_package", "module://"]
)
def test_a_backend_of_another_environment_is_ignored(backend: str) -> None:
    assert backend_with(backend) == "None"


def test_an_installed_backend_is_kept() -> None:
    assert backend_with("svg") == "svg"
