"""One device without a session: the two ways to make a block, work ahead of time, and changes of β and workload."""

import dataclasses

import numpy as np
import pytest

from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import ProtocolError
from splitwave.common.protocol.blocks import BlockKey, RealPayload, SymbolBlock
from splitwave.common.protocol.link_setting import LinkSetting
from splitwave.common.protocol.phases import Phase, Symbols
from splitwave.common.protocol.workload import Workload
from splitwave.device.learning.views import Views
from splitwave.device.learning.worker import DeviceWorker

SECTIONS: dict[str, object] = {
    "encoder": {"dimension": 3},
    "training": {"epochs": 2, "batch_size": 8, "micro_batches": 2},
    "inference": {"block_size": 5},
}
PLAIN = RunConfig.model_validate(SECTIONS)
CONDITIONED = RunConfig.model_validate(SECTIONS | {"hypernetwork": {"beta": [1e-3, 1.0]}, "objective": {"beta": 0.1}})
WORKLOAD = Workload(queries=4, samples=2, window=1, rate_per_s=0.0, seed=0)
STEP_0 = [BlockKey(Phase.TRAIN, 0, number) for number in (0, 1)]


def worker_of(config: RunConfig = PLAIN) -> DeviceWorker:
    rng = np.random.default_rng(0)
    views = Views(rng.random((16, 392), dtype=np.float32), rng.random((10, 392), dtype=np.float32), "digest")
    return DeviceWorker(config, 1, views)


def gradient_of(block: SymbolBlock) -> np.ndarray:
    return np.full((1, len(block.sample_ids), 3), 0.1, dtype=np.float32)


def values_of(block: SymbolBlock) -> np.ndarray:
    assert isinstance(block.payload, RealPayload)
    return block.payload.values


@pytest.mark.parametrize("config", [PLAIN, CONDITIONED], ids=["plain", "conditioned"])
def test_work_ahead_of_time_changes_no_bit(config: RunConfig) -> None:
    ahead, late = worker_of(config), worker_of(config)
    for step in range(3):
        keys = [BlockKey(Phase.TRAIN, step, number) for number in (0, 1)]
        for worker in (ahead, late):
            for key in keys:
                block = worker.train_block(key.step, key.micro_batch)
                if worker is ahead:
                    worker.measure_rate(key.micro_batch)
                    worker.measure_rate(key.micro_batch)  # counts once
                    worker.prepare(step + 1)
                worker.apply_gradient(key, gradient_of(block))
            worker.finish_step()
    assert ahead.weights_sha256 == late.weights_sha256
    assert ahead.end_epoch() == late.end_epoch()


def test_the_halves_of_a_block_make_the_block() -> None:
    whole, halves = worker_of(), worker_of()
    for key in STEP_0:
        block = halves.quantize(halves.features(key), Symbols.SOFT)
        expected = whole.train_block(key.step, key.micro_batch)
        assert (block.key, block.sequence) == (expected.key, expected.sequence) == (key, key.micro_batch)
        np.testing.assert_array_equal(values_of(block), values_of(expected))
        halves.apply_gradient(key, gradient_of(block))
        whole.apply_gradient(key, gradient_of(expected))
    for worker in (whole, halves):
        worker.finish_step()
    assert whole.weights_sha256 == halves.weights_sha256 != worker_of().weights_sha256


def test_a_gradient_is_applied_once() -> None:
    worker = worker_of()
    block = worker.train_block(0, 0)
    worker.apply_gradient(STEP_0[0], gradient_of(block))
    with pytest.raises(ProtocolError, match="a gradient for train step 0 micro-batch 0, which does not wait for one"):
        worker.apply_gradient(STEP_0[0], gradient_of(block))


def test_other_settings_of_beta_hold_from_the_next_block_on() -> None:
    worker = worker_of(CONDITIONED)
    objective = CONDITIONED.objective.model_copy(update={"beta": 0.7})
    before = worker.pass_block(Phase.SERVE, 0, 0, Symbols.SOFT)
    worker.retune(CONDITIONED.model_copy(update={"objective": objective}))
    assert worker.config.objective.beta == 0.7
    after = worker.pass_block(Phase.SERVE, 0, 0, Symbols.SOFT)
    worker.set_link(LinkSetting(beta=0.2))
    served = worker.pass_block(Phase.SERVE, 0, 0, Symbols.SOFT)
    assert [block.beta for block in (before, after, served)] == [0.1, 0.7, 0.2]


def test_each_workload_has_its_own_queries() -> None:
    worker = worker_of()
    worker.begin_workload(WORKLOAD)
    first_plan = worker.plan
    assert len(worker.pass_block(Phase.LOAD, 0, 3, Symbols.HARD).sample_ids) == 2
    worker.begin_workload(dataclasses.replace(WORKLOAD, samples=4))
    assert len(worker.pass_block(Phase.LOAD, 1, 3, Symbols.HARD).sample_ids) == 4
    assert first_plan.block_ids(Phase.LOAD, 0, 3).shape == (2,)  # a plan does not change
