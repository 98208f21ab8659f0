"""A bound and a backbone of another package take part in a training like built-in ones."""

import numpy as np
import pytest

from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.phases import Phase, Symbols
from splitwave.device.learning.views import Views
from splitwave.experiments.inprocess_run import InprocessRun

pytestmark = pytest.mark.usefixtures("toys")


def run_of(bound: str, backbone: str) -> InprocessRun:
    """96 images of two classes, bright and dark, half of each for training and test."""
    config = RunConfig.model_validate(
        {
            "encoder": {"backbone": backbone, "dimension": 4},
            "quantizer": {"breakpoints": 7},
            "objective": {"bound": bound, "beta": 1e-3},
            "training": {"epochs": 6, "batch_size": 16, "learning_rate": 1e-2},
        }
    )
    rng = np.random.default_rng(0)
    classes = np.arange(96) % 2
    images = rng.random((96, 392), dtype=np.float32) - np.where(classes, 0.25, 0.75)[:, None].astype(np.float32)
    views = [Views(images[:48], images[48:], "bright or dark")] * config.links
    return InprocessRun(config, views, classes[:48], classes[48:])


@pytest.mark.parametrize(
    ("bound", "backbone"), [("toy-energy", "linear"), ("tight", "toy-pooled"), ("toy-energy", "toy-pooled")]
)
def test_a_few_steps_learn_to_tell_bright_from_dark(bound: str, backbone: str) -> None:
    run = run_of(bound, backbone)
    records = list(run.train(lambda _: None))
    assert records[-1].distortion < 0.7 * records[0].distortion
    assert run.evaluate(Phase.TEST, 0, Symbols.HARD).error < 0.1


def test_the_rate_of_a_step_is_that_of_the_plugged_in_bound() -> None:
    first = {bound: next(run_of(bound, "linear").train(lambda _: None)) for bound in ("tight", "toy-energy")}
    excess = np.subtract(first["tight"].rate_nats, first["toy-energy"].rate_nats)
    # The bounds differ by log(T+1) − H(Z̃|x), between 0 and log 8 a symbol, and each sample has d = 4 of them.
    assert (excess > 0).all()
    assert (excess < 4 * np.log(8)).all()
