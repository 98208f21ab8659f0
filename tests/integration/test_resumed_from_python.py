"""`splitwave.train(resume=…)` goes on with an interrupted training, as `splitwave train --resume` does."""

import json
from pathlib import Path
from typing import Any

import pytest

import splitwave as sw
from splitwave.common.errors import CheckpointError, ConfigError
from splitwave.testbed.engine import Event, Progress
from tests.integration.test_resumed_training import without_times

TINY: dict[str, Any] = {
    "links": 1,
    "encoder": {"dimension": 4},
    "training": {"epochs": 2, "batch_size": 1000},
    "inference": {"latency_samples": 5},
}


class InterruptionError(Exception):
    """Ends a training from a callback."""


def interrupt_at(step: int, results: Path, every: int) -> Path:
    """Train until a callback raises before a step; returns the unfinished run."""

    def interrupt(event: Event) -> None:
        if isinstance(event, Progress) and event.step == step:
            raise InterruptionError

    with pytest.raises(InterruptionError):
        sw.train(TINY, callbacks=[interrupt], results=results, checkpoint_every=every, keep_checkpoints=1)
    (folder,) = results.glob("train/*.unfinished")
    return folder


@pytest.mark.parametrize("named", ["newest", pytest.param("by its folder", marks=pytest.mark.e2e)])
def test_a_training_that_a_callback_interrupted_goes_on_to_the_bit(named: str, tmp_path: Path) -> None:
    expected = sw.train(TINY, results=tmp_path / "undisturbed")
    unfinished = interrupt_at(6, tmp_path, every=3)
    assert [path.name for path in unfinished.glob("ckpt/step-*")] == ["step-000006"]

    result = sw.train(resume=named if named == "newest" else unfinished, results=tmp_path)

    assert (result.weights_sha256, result.error) == (expected.weights_sha256, expected.error)
    assert without_times(list(result.epochs)) == without_times(list(expected.epochs))
    assert result.config == expected.config
    assert result.folder.name == unfinished.name.removesuffix(".unfinished")
    assert json.loads((result.folder / "env.json").read_text())["resumed"]["step"] == 6


def test_other_settings_are_refused_with_both_values(tmp_path: Path) -> None:
    unfinished = interrupt_at(2, tmp_path, every=1)
    with pytest.raises(CheckpointError, match=r"seed = 0 became 7; only training\.epochs may change"):
        sw.train({**TINY, "seed": 7}, results=tmp_path, resume=unfinished)
    with pytest.raises(CheckpointError, match=r"seed = 0 became 7; only training\.epochs may change"):
        sw.train(overrides=["seed=7"], results=tmp_path, resume=unfinished)
    assert unfinished.is_dir()


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({}, ConfigError, "config = None: only with `resume`"),
        ({"checkpoint_every": -1}, ConfigError, "checkpoint_every = -1: expected 0 or more"),
        ({"keep_checkpoints": 0}, ConfigError, "keep_checkpoints = 0: expected 1 or more"),
        (
            {"checkpoint_every": 5, "engine": "compose"},
            ConfigError,
            "checkpoint_every = 5: the engine compose keeps no",
        ),
        ({"resume": "newest", "engine": "compose"}, ConfigError, "resume = newest: the engine compose cannot go on"),
        ({"resume": "newest"}, CheckpointError, "resume = newest: no unfinished run in .* of results with results"),
        ({"resume": "nowhere"}, CheckpointError, "resume = nowhere: no such folder"),
    ],
)
def test_wrong_arguments_are_refused_by_their_names_and_values(
    arguments: dict[str, Any], error: type[sw.SplitwaveError], message: str, tmp_path: Path
) -> None:
    with pytest.raises(error, match=message):
        sw.train(**arguments, results=tmp_path / "results")
    assert not (tmp_path / "results").exists()
