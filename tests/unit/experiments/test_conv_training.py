"""Devices and base station with the networks of Table II, trained together in one process."""

import numpy as np
import pytest
import torch

from splitwave.basestation.run.epoch_meter import EpochMeter
from splitwave.common.config.run_config import RunConfig
from splitwave.common.data.views import row_view
from splitwave.common.errors import ConfigError
from splitwave.common.protocol.phases import Phase, Symbols
from splitwave.device.learning.views import Views
from splitwave.experiments.inprocess_run import InprocessRun

SAMPLES = 80


def run_of(**more: object) -> InprocessRun:
    """K = 2 overlapping views of coloured images in ten clusters, networks of a twentieth of the paper's width."""
    config = RunConfig.model_validate(
        {
            "seed": 4,
            "data": {"name": "cifar10", "overlap": 0.5},
            "encoder": {"backbone": "conv", "width": 0.05, "dimension": 12},
            "channel": {"psnr_db": 20.0},
            "training": {"epochs": 16, "batch_size": 16, "learning_rate": 3e-3},
            **more,
        }
    )
    rng = np.random.default_rng(2)
    labels = rng.integers(0, 10, SAMPLES)
    prototypes = rng.integers(0, 256, (10, 3, 4, 4)).repeat(8, axis=2).repeat(8, axis=3)
    images = np.clip(prototypes[labels] + rng.integers(-20, 21, (SAMPLES, 3, 32, 32)), 0, 255).astype(np.uint8)
    views = [row_view(images, 2, link, overlap=0.5) for link in range(2)]
    return InprocessRun(config, [Views(view, view, "test data") for view in views], labels, labels)


@pytest.mark.parametrize("bf16", [False, pytest.param(True, marks=pytest.mark.e2e)])
def test_error_falls_with_training(bf16: bool) -> None:
    run = run_of(runtime={"bf16": bf16})
    before = run.evaluate(Phase.TEST, 0, Symbols.HARD).error
    records = list(run.train(lambda _: None))
    after = run.evaluate(Phase.TEST, 0, Symbols.HARD).error

    assert before > 0.7
    assert after < 0.3
    assert records[-1].distortion < 0.25 * records[0].distortion


def test_bf16_changes_the_weights_and_repeating_a_run_does_not() -> None:
    digests = []
    for bf16 in (False, True, False, True):
        run = run_of(runtime={"bf16": bf16})
        run.train_step(0, EpochMeter())
        digests.append((*run.device_sha256, run.basestation_sha256))
    assert digests[:2] == digests[2:]
    assert not set(digests[0]) & set(digests[1])


def test_cuda_is_refused_on_a_machine_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ConfigError, match=r"runtime.torch_device = cuda"):
        run_of(runtime={"torch_device": "cuda"})
