"""What the end of a run proposes, as a shell takes it."""

import shlex
import sys
from pathlib import Path

import pytest

from splitwave.testbed.terminal.next_steps import next_steps, program_name


def test_a_training_is_followed_by_answers_another_seed_and_the_figures() -> None:
    assert next_steps(Path("results/demo/now"), None, 3) == [
        "splitwave infer --checkpoint results/demo/now",
        "splitwave train -c results/demo/now/config.yaml --set seed=2",
        "splitwave experiment list",
    ]


def test_a_seed_at_the_end_of_the_range_is_followed_by_one_within() -> None:
    assert "seed=18446744073709551614" in next_steps(Path("results"), None, 2**64 - 1)[1]


def test_inference_alone_leaves_no_checkpoint_to_go_on_with() -> None:
    assert next_steps(Path("results/infer/now"), Path("data"), None) == ["splitwave experiment list"]


def test_the_commands_read_the_data_that_the_run_read_and_quote_its_folders() -> None:
    infer, train, _ = next_steps(Path("my results/now"), Path("my data"), 0)
    assert shlex.split(infer) == ["splitwave", "infer", "--checkpoint", "my results/now", "--data-dir", "my data"]
    assert shlex.split(train)[3:] == ["my results/now/config.yaml", "--set", "seed=1", "--data-dir", "my data"]


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program in a folder that is not on the path, run by its own path from the folder above."""
    program = tmp_path / "bin" / "splitwave"
    program.parent.mkdir()
    program.touch(mode=0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(sys, "argv", ["bin/splitwave", "demo"])
    return program


@pytest.mark.usefixtures("installed")
def test_a_program_that_the_shell_would_not_find_is_called_as_it_was() -> None:
    assert program_name() == "bin/splitwave"


def test_a_program_that_the_shell_finds_is_called_by_its_name(installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(installed.parent))
    assert program_name() == "splitwave"
