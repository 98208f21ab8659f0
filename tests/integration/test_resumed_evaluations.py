"""Distributed runs whose training was complete when they were interrupted go on with their evaluation."""

import asyncio
import math
from dataclasses import replace
from pathlib import Path

import pytest

from splitwave.basestation.run.earlier_training import Resume
from splitwave.basestation.run.events import RunObserver
from splitwave.basestation.run.stage import Stage
from splitwave.common.records.training_manifest import TrainingManifest
from tests.integration.followed_runs import CASES, followed, same, same_but_for_wire_bytes
from tests.integration.test_resumed_training import (
    STEPS,
    config_of,
    interrupt_after,
    without_times,
)
from tests.integration.testbed import TinyData, run_distributed, tiny_data


class EvaluationStopper(RunObserver):
    """Asks for a stop when the evaluation begins."""

    def __init__(self) -> None:
        self.stop = asyncio.Event()

    def stage_entered(self, stage: Stage) -> None:
        if stage is Stage.EVALUATING:
            self.stop.set()


@pytest.mark.parametrize("case", ["2 links, soft", "hyper", "annealed"])
def test_a_training_whose_steps_are_all_done_goes_on_with_its_evaluation(case: str, tmp_path: Path) -> None:
    config = CASES[case]  # two of them hold samples out, whose pass is over before the interruption
    data = tiny_data(config.links)
    expected, undisturbed = asyncio.run(followed(config, data, tmp_path / "undisturbed"))

    interrupt_after(config, STEPS, tmp_path)
    result, follower = asyncio.run(followed(config, data, tmp_path, resume=Resume.ALWAYS))

    assert same_but_for_wire_bytes(result, expected)
    kept = TrainingManifest.newest(tmp_path)
    assert kept is not None
    assert without_times([*kept.epochs, *follower.epochs]) == without_times(undisturbed.epochs)


def test_a_stop_during_the_evaluation_ends_a_run_that_would_serve_on_with_its_result(tmp_path: Path) -> None:
    config, data = config_of(1), tiny_data(1)
    expected = asyncio.run(run_distributed(config, data, tmp_path / "undisturbed"))
    follower = EvaluationStopper()
    stopped = asyncio.run(
        run_distributed(
            config, data, tmp_path, observers=[follower], keep_and_stop=follower.stop, serve_every_s=math.inf
        )
    )
    assert same(stopped, expected)


@pytest.mark.parametrize("checkpoint_every", [0, 9])
def test_a_complete_training_is_evaluated_and_not_trained_again(checkpoint_every: int, tmp_path: Path) -> None:
    config = config_of(2, "straight-through")
    data = tiny_data(2)
    expected, undisturbed = asyncio.run(followed(config, data, tmp_path, checkpoint_every=checkpoint_every))

    result, again = asyncio.run(
        followed(config, data, tmp_path, resume=Resume.ALWAYS, checkpoint_every=checkpoint_every)
    )

    assert [cost.packed_bytes for cost in result.costs] == [cost.packed_bytes for cost in expected.costs]
    assert same(replace(result, costs=expected.costs), expected)  # blocks are numbered anew, in fewer bytes
    assert undisturbed.epochs
    assert (again.epochs, again.kept) == ([], [])


def test_the_weights_of_other_settings_or_data_are_trained_again(tmp_path: Path) -> None:
    config, data = config_of(1), tiny_data(1)
    asyncio.run(run_distributed(config_of(1, seed=6), data, tmp_path))
    result, follower = asyncio.run(followed(config, data, tmp_path, resume=Resume.ALWAYS))
    assert len(follower.epochs) == config.training.epochs
    other = TinyData(
        [replace(view, data_digest="other") for view in data.views], replace(data.labels, data_digest="other")
    )
    _, follower = asyncio.run(followed(config, other, tmp_path, resume=Resume.ALWAYS))
    assert len(follower.epochs) == config.training.epochs
    assert result.steps == 20
