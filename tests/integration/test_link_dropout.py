"""Training with links that drop out: distributed runs equal one process, and erased links get no gradient."""

import itertools
from pathlib import Path

import numpy as np
import pytest
import torch

from splitwave.basestation.fusion.link_erasures import LinkErasures
from splitwave.basestation.run.epoch_meter import EpochMeter
from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.messages import Gradient
from splitwave.common.protocol.phases import Phase
from splitwave.device.learning.worker import DeviceWorker
from splitwave.experiments.inprocess_run import InprocessRun
from tests.integration.test_equality import compare, config_of
from tests.integration.testbed import tiny_data


def with_dropout(config: RunConfig, dropout: float = 0.4) -> RunConfig:
    return config.model_copy(update={"training": config.training.model_copy(update={"link_dropout": dropout})})


SHORT = {(2, 1, "soft", 0), (2, 2, "straight-through", 15), (4, 2, "soft", 15)}
"""Cases that always run; the others are long tests."""


@pytest.mark.parametrize(
    ("links", "micro_batches", "forward", "breakpoints"),
    [
        pytest.param(*case, marks=() if case in SHORT else pytest.mark.e2e)
        for case in itertools.product((2, 4), (1, 2), ("soft", "straight-through"), (0, 15))
    ],
)
def test_distributed_training_equals_one_process_bit_for_bit(
    links: int, micro_batches: int, forward: str, breakpoints: int, tmp_path: Path
) -> None:
    compare(with_dropout(config_of(links, 2, micro_batches, forward, breakpoints)), tmp_path)


def test_equality_holds_for_shards_and_links_that_share_a_process(tmp_path: Path) -> None:
    config = config_of(4, 1, 2, "straight-through", 15, runtime={"decoder_shards": 3})
    compare(with_dropout(config), tmp_path, links_a_stream=2)


def test_equality_holds_for_networks_with_beta_and_psnr_as_inputs(tmp_path: Path) -> None:
    more = {
        "encoder": {"dimension": 6, "backbone": "mlp"},
        "hypernetwork": {"beta": [1e-4, 1.0], "draws": 4, "psnr": True},
        "channel": {"training_psnr_db": [0.0, 20.0], "training_psnr_draws": 3},
    }
    compare(with_dropout(config_of(2, 2, 2, "soft", 7, **more)), tmp_path)


def weights_after_training(config: RunConfig) -> list[str]:
    data = tiny_data(config.links)
    run = InprocessRun(config, data.views, data.labels.train, data.labels.test)
    for _ in run.train(lambda _: None):
        pass
    return [*run.device_sha256, run.basestation_sha256]


def test_a_probability_of_0_changes_no_bit_and_another_changes_every_party() -> None:
    config = config_of(2, 1, 1, "soft", 15)
    plain = weights_after_training(config)
    assert weights_after_training(with_dropout(config, 0.0)) == plain
    dropped = weights_after_training(with_dropout(config))
    assert all(one != other for one, other in zip(plain, dropped, strict=True))


def test_an_erased_link_gets_a_gradient_of_zeros_and_the_decoder_learns_from_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config, data = with_dropout(config_of(2, 2, 2, "soft", 15), 0.4), tiny_data(2)
    run = InprocessRun(config, data.views, data.labels.train, data.labels.test)
    gradients: dict[tuple[int, BlockKey], Gradient] = {}
    apply = DeviceWorker.apply_gradient

    def record(worker: DeviceWorker, key: BlockKey, values: np.ndarray) -> None:
        gradients[run.workers.index(worker), key] = Gradient(key, values)
        apply(worker, key, values)

    monkeypatch.setattr(DeviceWorker, "apply_gradient", record)
    for step in range(10):
        run.train_step(step, EpochMeter())
    erasures = LinkErasures.of(config)
    for (link, key), gradient in gradients.items():
        assert gradient.values.any() == (link not in erasures.of_block(key))
    assert {erasures.of_block(BlockKey(Phase.TRAIN, *place)) for place in itertools.product(range(10), (0, 1))} >= {
        frozenset(),
        frozenset({0}),
        frozenset({1}),
    }


def test_the_rate_of_an_erased_link_counts_all_the_same() -> None:
    """Its device does not know that it is erased: with a loss of the rate alone it still takes its step."""
    config, data = with_dropout(config_of(2, 1, 1, "soft", 15), 0.9), tiny_data(2)
    run = InprocessRun(config, data.views, data.labels.train, data.labels.test)
    erasures = LinkErasures.of(config)
    erased = next(iter(erasures.of_block(BlockKey(Phase.TRAIN, 0, 0))))
    before = [parameter.clone() for parameter in run.workers[erased].model.parameters()]
    run.train_step(0, EpochMeter())
    after = list(run.workers[erased].model.parameters())
    assert any(not torch.equal(one, other) for one, other in zip(before, after, strict=True))
