"""The commands suggested at the end of a run, as a shell parses them."""

import shlex
import sys
from pathlib import Path

import pytest

from splitwave.testbed.terminal.next_steps import next_steps, program_name


def test_after_a_training_inference_another_seed_and_the_figures_are_suggested() -> None:
    assert next_steps(Path("results/demo/now"), None, 3) == [
        "splitwave infer --checkpoint results/demo/now",
        "splitwave train -c results/demo/now/config.yaml --set seed=2",
        "splitwave experiment list",
    ]


def test_the_suggested_seed_stays_within_the_range() -> None:
    assert "seed=18446744073709551614" in next_steps(Path("results"), None, 2**64 - 1)[1]


def test_after_inference_no_checkpoint_is_suggested() -> None:
    assert next_steps(Path("results/infer/now"), Path("data"), None) == ["splitwave experiment list"]


def test_the_suggested_commands_use_the_data_of_the_run_and_quote_paths() -> None:
    infer, train, _ = next_steps(Path("my results/now"), Path("my data"), 0)
    assert shlex.split(infer) == ["splitwave", "infer", "--checkpoint", "my results/now", "--data-dir", "my data"]
    assert shlex.split(train)[3:] == ["my results/now/config.yaml", "--set", "seed=1", "--data-dir", "my data"]


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program in a folder outside the PATH, called by its relative path."""
    program = tmp_path / "bin" / "splitwave"
    program.parent.mkdir()
    program.touch(mode=0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(sys, "argv", ["bin/splitwave", "demo"])
    return program


@pytest.mark.usefixtures("installed")
def test_a_program_outside_the_path_is_called_by_its_path() -> None:
    assert program_name() == "bin/splitwave"


def test_a_program_on_the_path_is_called_by_its_name(installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(installed.parent))
    assert program_name() == "splitwave"
