"""Runs with a fusion policy of another package, from its name in the settings to weights and answers."""

import asyncio
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from splitwave.basestation.fusion.block_collector import Arrival, LatePart
from splitwave.basestation.run.decoding import Decoded
from splitwave.basestation.run.events import RunObserver
from splitwave.basestation.run.policy import Policy
from splitwave.basestation.run.stage import Stage
from splitwave.basestation.service.base_station import BaseStation
from splitwave.common.config.run_config import RunConfig
from splitwave.common.config.sections import FusionSettings, HypernetworkSettings
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.phases import Phase
from splitwave.common.protocol.workload import STAMPS, LinkStamps, Workload
from splitwave.common.records.checkpoint import combined_sha256
from splitwave.common.records.results import EpochRecord, RunResult
from splitwave.experiments.inprocess_run import InprocessRun
from splitwave.testbed.control_client import ask_status, measure
from tests.integration.servers import CONFIG
from tests.integration.testbed import TRAIN, DeviceThread, Pause, running_channel, tiny_data
from tests.limits import LIMIT_S

pytestmark = pytest.mark.usefixtures("toys")

TWO_LINKS = CONFIG.model_copy(
    update={"links": 2, "inference": CONFIG.inference.model_copy(update={"latency_samples": 5, "block_size": 8})}
)
CONDITIONED = TWO_LINKS.model_copy(update={"hypernetwork": HypernetworkSettings(beta=[1e-3, 1.0])})
WORKLOAD = Workload(queries=20, samples=3, window=4, rate_per_s=0.0, seed=1)


def with_policy(name: str, config: RunConfig) -> RunConfig:
    return config.model_copy(update={"fusion": FusionSettings(policy=name)})


class RunRecorder(RunObserver):
    """Records the links of each decoded block, and the other events of a run."""

    def __init__(self) -> None:
        self.links: dict[Phase, list[tuple[int, ...]]] = {phase: [] for phase in Phase}
        self.late: list[BlockKey] = []
        self.steps: list[int] = []
        self.epochs: list[int] = []
        self.stages: list[Stage] = []
        self.results: list[RunResult] = []

    def block_answered(self, arrival: Arrival, decoded: Decoded) -> None:
        assert decoded.started_ns <= decoded.finished_ns
        self.links[arrival.block.key.phase].append(arrival.block.links)

    def late_part_answered(self, part: LatePart) -> None:
        self.late.append(part.key)

    def step_ended(self, step: int) -> None:
        self.steps.append(step)

    def epoch_ended(self, record: EpochRecord) -> None:
        self.epochs.append(record.epoch)

    def stage_entered(self, stage: Stage) -> None:
        self.stages.append(stage)

    def result_ready(self, result: RunResult) -> None:
        self.results.append(result)


async def run_with(
    config: RunConfig, folder: Path, recorder: RunRecorder, *, paused: int | None = None
) -> tuple[RunResult, list[LinkStamps]]:
    """Train, serve and measure a workload; link `paused` begins the first step when the other link has its answers."""
    data, stop = tiny_data(config.links), asyncio.Event()
    addresses: asyncio.Queue[str] = asyncio.Queue()
    basestation = BaseStation(
        config, data.labels, "127.0.0.1:0", folder, False, "run", Policy(serve_every_s=3600.0), observers=[recorder]
    )
    run = asyncio.create_task(basestation.serve(addresses.put_nowait, stop))
    address = await addresses.get()
    async with running_channel(address) as channel:
        pauses = [Pause(0) if link == paused else None for link in range(config.links)]
        devices = [DeviceThread(channel, link, data.views, folder, pause=pause) for link, pause in enumerate(pauses)]
        for pause in filter(None, pauses):
            while len(recorder.links[Phase.TRAIN]) < config.training.micro_batches:
                await asyncio.sleep(0)
            assert recorder.steps == []  # the block was decoded without the paused link, but the step waits for it
            pause.over.set()
        async with asyncio.timeout(LIMIT_S):
            while (await ask_status(address)).queries == 0:
                pass
        stamps = await measure(address, WORKLOAD)
        stop.set()
        result = await run
        for device in devices:
            await device.join()
            assert device.error is None
    assert result is not None
    return result, stamps


@pytest.mark.parametrize(
    ("config", "paused"), [(TWO_LINKS, 0), (TWO_LINKS, 1), (CONDITIONED, 1)], ids=["link 1", "link 0", "conditioned"]
)
def test_a_run_trains_and_serves_with_the_link_that_is_first(config: RunConfig, paused: int, tmp_path: Path) -> None:
    recorder = RunRecorder()
    with capture_logs() as logs:
        result, stamps = asyncio.run(run_with(with_policy("toy-first-link", config), tmp_path, recorder, paused=paused))

    assert recorder.links[Phase.TRAIN][0] == (1 - paused,)
    blocks = [links for phase in Phase for links in recorder.links[phase]]
    assert {len(links) for links in blocks} == {1}
    assert [key.phase for key in recorder.late].count(Phase.TRAIN) == 5
    assert len(recorder.late) == len(blocks)
    assert recorder.steps == list(range(result.steps)) == list(range(5))
    assert (recorder.epochs, recorder.results[0].weights_sha256) == ([0], result.weights_sha256)
    assert recorder.stages == [Stage.TRAINING, Stage.EVALUATING, Stage.SERVING, Stage.FINISHED]
    assert 0 < result.error < 1
    assert result.queries.queries == 5
    assert result.hop_times_ns.shape == (2 * 5, len(result.hops))
    assert (result.hop_times_ns >= 0).all()
    for each in stamps:
        assert (each.names, each.at_ns.shape) == (STAMPS, (20, len(STAMPS)))
        assert ((each.at_ns[:, 1:] - each.at_ns[:, :-1]) >= 0).all()
    # The log counts the incomplete blocks by their links.
    counts = {each["event"]: each["incomplete_blocks"] for each in logs if "incomplete_blocks" in each}
    assert {event: sum(by_links.values()) for event, by_links in counts.items()} == {
        "epoch": 5, "pass ended": 3, "served": 5, "workload measured": 20
    }  # fmt: skip


def test_the_weights_equal_those_of_one_process_in_which_the_same_link_is_first(tmp_path: Path) -> None:
    """The step has two micro-batches: link 0 gets both answers before link 1 begins; link 1 gets gradients of zeros."""
    training = TWO_LINKS.training.model_copy(update={"batch_size": TRAIN, "micro_batches": 2})
    config = with_policy("toy-first-link", TWO_LINKS.model_copy(update={"training": training}))
    data = tiny_data(2)
    oracle = InprocessRun(config, data.views, data.labels.train, data.labels.test)
    for _ in oracle.train(lambda _: None):
        pass

    result, _ = asyncio.run(run_with(config, tmp_path, RunRecorder(), paused=1))

    assert result.steps == 1
    assert result.weights_sha256 == combined_sha256([*oracle.device_sha256, oracle.basestation_sha256])


@pytest.mark.parametrize("config", [TWO_LINKS, CONDITIONED], ids=["plain", "conditioned"])
def test_the_policy_also_works_in_one_process(config: RunConfig) -> None:
    data = tiny_data(2)
    weights = []
    for policy in ("all", "toy-first-link"):
        run = InprocessRun(with_policy(policy, config), data.views, data.labels.train, data.labels.test)
        (record,) = run.train(lambda _: None)
        run.serve(0)
        assert run.served.queries().queries == 5
        weights.append(run.basestation_sha256)
        assert record.step == 5
    assert weights[0] != weights[1]
