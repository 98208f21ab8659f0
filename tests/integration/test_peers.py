"""Each competitor of `splitwave bench peers`, in its own processes, computes what Splitwave computes."""

import asyncio
import multiprocessing
import threading
from collections.abc import Callable, Coroutine
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Any

import pytest
from torch import nn

from splitwave.basestation.learning.trainer import MicroBatchResult
from splitwave.basestation.run.epoch_meter import EpochMeter
from splitwave.benchmarks.peers.draws import KeyedDraws, TorchDraws
from splitwave.benchmarks.peers.gloo_sends import gloo_sends
from splitwave.benchmarks.peers.job import PeerJob, PeerRun
from splitwave.benchmarks.peers.one_process import one_process
from splitwave.benchmarks.peers.pickle_tcp import pickle_tcp
from splitwave.benchmarks.peers.ray_actors import ray_actors, ray_is_installed
from splitwave.benchmarks.peers.torch_rpc import torch_rpc
from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import RunFailedError
from splitwave.common.protocol.phases import Phase, Symbols
from splitwave.experiments.inprocess_run import open_run

Peer = Callable[[PeerJob], Coroutine[Any, Any, PeerRun]]

STEPS = 32
TOLERANCE = 1e-4
QUERIES = 20


def config_of(links: int) -> RunConfig:
    """Settings with 32 steps in 2 epochs, a slope that changes between them, and a rate that matters."""
    return RunConfig.model_validate(
        {
            "seed": 3,
            "links": links,
            "quantizer": {"gamma": 5.0, "gamma_final": 20.0},
            "objective": {"beta": 0.02},
            "training": {"epochs": 2, "batch_size": 250},
            "inference": {"block_size": 1},
        }
    )


JOB = PeerJob((config_of(2),), config_of(1), QUERIES, (4000, 1000), None, KeyedDraws, limit_s=300.0)
PEERS = [
    pytest.param(partial(one_process, threads=1), id="one_process"),
    pytest.param(pickle_tcp, id="pickle_tcp"),
    pytest.param(gloo_sends, id="gloo", marks=pytest.mark.e2e),
    pytest.param(torch_rpc, id="torch_rpc", marks=pytest.mark.e2e),
    pytest.param(
        ray_actors,
        id="ray",
        marks=[pytest.mark.e2e, pytest.mark.skipif(not ray_is_installed(), reason="needs splitwave[peers]")],
    ),
]


class StepLosses(EpochMeter):
    """Keeps the cross-entropy of each step, in nats per sample."""

    def __init__(self) -> None:
        super().__init__()
        self.losses: list[float] = []

    def add(self, result: MicroBatchResult, samples: int) -> None:
        super().add(result, samples)
        self.losses.append(result.distortion / result.count)


@pytest.fixture(scope="module")
def losses() -> list[float]:
    """Splitwave's loss at each step."""
    run, meter = open_run(config_of(2), None), StepLosses()
    for step in range(STEPS):
        run.train_step(step, meter)
    return meter.losses


@pytest.fixture(scope="module")
def answers() -> list[int]:
    """Splitwave's answers to single samples of one link, with the networks as they are drawn."""
    run = open_run(config_of(1), None)
    blocks = run.answered_blocks(Phase.TEST, 0, Symbols.HARD)
    return [int(block.answers[0]) for block in islice(blocks, QUERIES + JOB.warm_up)]


@pytest.mark.parametrize("peer", PEERS)
def test_the_loss_curve_and_the_answers_are_those_of_splitwave(
    peer: Peer, losses: list[float], answers: list[int]
) -> None:
    run = asyncio.run(peer(JOB))
    training = run.trainings[250]
    assert len(losses) == STEPS
    assert training.losses == pytest.approx(losses, rel=0, abs=TOLERANCE)
    assert list(run.queries.answers) == answers
    assert len(training.step_s) == 1
    assert run.queries.times_ns.shape == (QUERIES,)
    assert (run.queries.times_ns > 0).all()


def test_other_draws_give_another_loss_curve(losses: list[float]) -> None:
    """The tolerance tells runs apart: with torch's own draws, most steps differ by more."""
    run = asyncio.run(one_process(replace(JOB, draws=TorchDraws), 1))
    apart = [abs(a - b) > TOLERANCE for a, b in zip(run.trainings[250].losses, losses, strict=True)]
    assert sum(apart) > STEPS / 2


class HangsAtDevice(KeyedDraws):
    def initialise(self, network: nn.Module) -> None:
        if self._party == 1:
            threading.Event().wait()
        super().initialise(network)


class FailsAtDevice(KeyedDraws):
    def initialise(self, network: nn.Module) -> None:
        if self._party == 1:
            raise RunFailedError("no device 1")
        super().initialise(network)


@pytest.mark.parametrize(
    ("job", "error"),
    [
        (replace(JOB, draws=HangsAtDevice, limit_s=5.0), "not done after 5 s"),
        (replace(JOB, draws=FailsAtDevice), "no device 1"),
    ],
)
def test_a_party_that_fails_or_hangs_ends_the_competitor_with_all_its_processes(job: PeerJob, error: str) -> None:
    with pytest.raises(RunFailedError, match=f"^{error}$"):
        asyncio.run(pickle_tcp(job))
    assert multiprocessing.active_children() == []
