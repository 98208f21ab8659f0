"""Loads that a serving base station has its devices send, over real connections."""

import asyncio
import dataclasses
import hashlib
import math
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest
from structlog.testing import capture_logs

import splitwave.common.protocol.workload
from splitwave.basestation.fusion.fusion_buffer import FusedBlock
from splitwave.basestation.learning.trainer import Trainer
from splitwave.basestation.run.policy import Policy
from splitwave.common.config.run_config import RunConfig
from splitwave.common.config.sections import HypernetworkSettings
from splitwave.common.errors import ConfigError, ProtocolError, RunFailedError
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.messages import Answered
from splitwave.common.protocol.phases import Phase, Symbols
from splitwave.common.protocol.workload import DIRECT_STAMPS, STAMPS, LinkStamps, Workload
from splitwave.common.wire.pb import control_pb2 as pb
from splitwave.device.learning.worker import DeviceWorker, Features
from splitwave.device.session.host import DeviceHost
from splitwave.device.session.session import DeviceSession
from splitwave.device.uplink.client import UplinkClient
from splitwave.experiments.inprocess_engine import InprocessRun
from splitwave.testbed.control_client import ask_status, measure
from tests.integration.servers import CONFIG, Servers, servers
from tests.integration.testbed import DeviceThread, tiny_data
from tests.limits import LIMIT_S

PLAIN = CONFIG.model_copy(
    update={"links": 2, "inference": CONFIG.inference.model_copy(update={"latency_samples": 3, "block_size": 8})},
)
TOLD = PLAIN.model_copy(update={"hypernetwork": HypernetworkSettings(beta=[1e-3, 1.0])})
IDLE = Policy(rejoin_s=LIMIT_S, serve_every_s=3600.0)
BUSY = Policy(rejoin_s=LIMIT_S, serve_every_s=0.001)

CLOSED = Workload(queries=17, samples=5, window=3, rate_per_s=0.0, seed=1)
OPEN = Workload(queries=12, samples=1, window=1, rate_per_s=1000.0, seed=1)


class Testbed:
    """A run that serves."""

    __test__ = False

    def __init__(self, running: Servers, devices: list[DeviceThread]) -> None:
        self.devices = devices
        self._address = running.addresses["base station"]

    async def measure(self, load: Workload) -> list[LinkStamps]:
        return await measure(self._address, load)

    async def until(self, reached: Callable[[pb.RunStatus], bool]) -> pb.RunStatus:
        while not reached(status := await ask_status(self._address)):
            pass
        return status


@asynccontextmanager
async def serving_testbed(
    folder: Path, config: RunConfig = PLAIN, policy: Policy = IDLE, server: str = "channel"
) -> AsyncIterator[Testbed]:
    data = tiny_data(config.links)
    async with servers(folder, config, policy) as running:
        address = running.addresses[server]
        testbed = Testbed(running, [DeviceThread(address, link, data.views, folder) for link in range(config.links)])
        await testbed.until(lambda status: status.queries > 0)
        yield testbed
        running.stop.set()
        await running.run
        for device in testbed.devices:
            await device.join()
            assert device.error is None


class Hold:
    """A decoder that answers no query of a load before it is released."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._released = threading.Event()
        predict = Trainer.predict

        def held(trainer: Trainer, block: FusedBlock) -> Answered:
            if block.key.phase is Phase.LOAD:
                self._released.wait()
            return predict(trainer, block)

        monkeypatch.setattr(Trainer, "predict", held)
        monkeypatch.setattr(Trainer, "is_brief", lambda _trainer, _blocks: False)  # else the event loop itself is held

    def release(self) -> int:
        """Let it answer; when that was."""
        now_ns = time.perf_counter_ns()
        self._released.set()
        return now_ns


def column(stamps: LinkStamps, name: str) -> np.ndarray:
    return stamps.at_ns[:, stamps.names.index(name)]


@pytest.mark.parametrize("load", [CLOSED, OPEN], ids=["closed", "open"])
@pytest.mark.parametrize(("server", "names"), [("channel", STAMPS), ("base station", DIRECT_STAMPS)])
def test_every_query_of_a_load_is_stamped_by_every_party_in_order(
    server: str, names: tuple[str, ...], load: Workload, tmp_path: Path
) -> None:
    async def scenario() -> list[LinkStamps]:
        async with serving_testbed(tmp_path, policy=BUSY, server=server) as testbed:
            links = await testbed.measure(load)
            before = await testbed.until(lambda _: True)
            await testbed.until(lambda status: status.queries > before.queries)  # it serves on
            return links

    links = asyncio.run(scenario())
    assert [(each.link, each.names) for each in links] == [(0, names), (1, names)]
    for each in links:
        assert each.at_ns.shape == (load.queries, len(names))
        assert (np.diff(each.at_ns, axis=1) >= 0).all()
        assert (np.diff(column(each, "due")) >= 0).all()
        assert (np.diff(column(each, "sent")) >= 0).all()
        if load.is_open:
            np.testing.assert_array_equal(np.diff(column(each, "due")), np.diff(load.schedule_ns()))
        else:  # a query is due when the answer comes that makes room for it
            answered = column(each, "received")[: -load.window]
            np.testing.assert_array_equal(column(each, "due")[load.window :], answered)
    for name in ("fused", "decoding", "decoded"):  # of both links' parts at once
        np.testing.assert_array_equal(column(links[0], name), column(links[1], name))


@pytest.mark.parametrize("config", [PLAIN, TOLD], ids=["plain", "told"])
def test_the_answers_to_a_load_are_those_of_one_process(config: RunConfig, tmp_path: Path) -> None:
    loads = [CLOSED, dataclasses.replace(OPEN, samples=3)]

    async def scenario() -> None:
        async with serving_testbed(tmp_path, config) as testbed:
            for load in loads:
                await testbed.measure(load)

    with capture_logs() as logs:
        asyncio.run(scenario())

    data = tiny_data(config.links)
    oracle = InprocessRun(config, data.views, data.labels.train, data.labels.test)
    for _ in oracle.train(lambda _: None):
        pass
    digests = []
    for count, load in enumerate(loads):
        for worker in oracle.workers:
            worker.plan.workload = load
        oracle.plan.workload = load
        answers = hashlib.sha256()
        for number in range(load.queries):
            blocks = [worker.pass_block(Phase.LOAD, count, number, Symbols.HARD) for worker in oracle.workers]
            assert blocks[0].key == BlockKey(Phase.LOAD, count, number)
            answers.update(oracle.trainer.predict(oracle._transmit(blocks)).tobytes())
        digests.append(answers.hexdigest())
    assert [each["answers_sha256"] for each in logs if each["event"] == "workload measured"] == digests


def test_an_open_loop_sends_on_up_to_its_credits_while_nothing_is_answered_and_says_how_late_the_rest_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(splitwave.common.protocol.workload, "MAX_OPEN_SAMPLES", 8)
    hold = Hold(monkeypatch)

    async def scenario() -> tuple[list[LinkStamps], int]:
        async with serving_testbed(tmp_path) as testbed:
            before = await testbed.until(lambda _: True)
            measuring = asyncio.create_task(testbed.measure(OPEN))
            held = await testbed.until(
                lambda now: all(b.blocks >= a.blocks + 8 for a, b in zip(before.links, now.links, strict=True))
            )
            assert [b.blocks - a.blocks for a, b in zip(before.links, held.links, strict=True)] == [8, 8]
            assert not any(link.late for link in held.links)
            released_ns = hold.release()
            return await measuring, released_ns

    links, released_ns = asyncio.run(scenario())
    for each in links:
        due, started, received = (column(each, name) for name in ("due", "started", "received"))
        np.testing.assert_array_equal(np.diff(due), np.diff(OPEN.schedule_ns()))  # whatever was answered when
        assert (started >= due).all()
        assert (column(each, "sent")[:8] < released_ns).all()
        assert (started[8:] > released_ns).all()
        assert (received > released_ns).all()


def test_devices_that_share_a_stream_share_its_pacer_and_keep_one_schedule(tmp_path: Path) -> None:
    data = tiny_data(2)

    def session(link: int) -> DeviceSession:
        return DeviceSession(
            device_id=f"port-{link}", software="test", wish=link, host="test", state_dir=tmp_path,
            open_views=lambda _, leased: data.views[leased], clock=time.perf_counter_ns,
        )  # fmt: skip

    async def scenario() -> list[LinkStamps]:
        async with servers(tmp_path, PLAIN, IDLE) as running:
            address = running.addresses["channel"]
            both = DeviceThread(address, None, data.views, tmp_path, start=False)
            both.client = UplinkClient(address, lambda: DeviceHost([session(0), session(1)]), LIMIT_S)
            both.start()
            testbed = Testbed(running, [both])
            await testbed.until(lambda status: status.queries > 0)
            links = await testbed.measure(OPEN)
            running.stop.set()
            await running.run
            await both.join()
            assert both.error is None
            return links

    for each in asyncio.run(scenario()):
        np.testing.assert_array_equal(np.diff(column(each, "due")), np.diff(OPEN.schedule_ns()))
        assert (np.diff(each.at_ns, axis=1) >= 0).all()


def test_one_load_is_measured_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hold = Hold(monkeypatch)

    async def scenario() -> None:
        async with serving_testbed(tmp_path) as testbed:
            before = await testbed.until(lambda _: True)
            first = asyncio.create_task(testbed.measure(CLOSED))
            await testbed.until(lambda now: now.links[0].blocks > before.links[0].blocks)
            with pytest.raises(ConfigError, match="another workload is being measured"):
                await testbed.measure(CLOSED)
            hold.release()
            assert len(await first) == 2

    asyncio.run(scenario())


def test_a_link_that_is_lost_fails_the_measurement_and_the_run_recovers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold = Hold(monkeypatch)

    async def scenario() -> list[LinkStamps]:
        async with serving_testbed(tmp_path) as testbed:
            before = await testbed.until(lambda _: True)
            measuring = asyncio.create_task(testbed.measure(CLOSED))
            await testbed.until(lambda now: now.links[1].blocks > before.links[1].blocks)
            leaves = testbed.devices.pop()
            leaves.client.stop()
            await leaves.join()
            reason = r"the workload was not measured: link 1 \(device thread-1\) was lost: its stream ended"
            with pytest.raises(RunFailedError, match=reason):
                await measuring
            with pytest.raises(ConfigError, match="the run is waiting: a workload is measured while"):
                await testbed.measure(CLOSED)
            hold.release()
            address = leaves.client._address
            testbed.devices.append(DeviceThread(address, 1, tiny_data(2).views, tmp_path))
            await testbed.until(lambda now: now.stage == pb.STAGE_SERVING)
            return await testbed.measure(CLOSED)

    links = asyncio.run(scenario())
    assert [each.at_ns.shape[0] for each in links] == [17, 17]


def test_a_device_whose_encoder_breaks_in_an_open_loop_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = DeviceWorker.features

    def features(worker: DeviceWorker, key: BlockKey) -> Features:
        if key.phase is Phase.LOAD and key.micro_batch == 2:
            raise RuntimeError("out of order")
        return honest(worker, key)

    monkeypatch.setattr(DeviceWorker, "features", features)

    async def scenario() -> None:
        config = PLAIN.model_copy(update={"links": 1})
        async with servers(tmp_path, config, IDLE) as running:
            device = DeviceThread(running.addresses["channel"], 0, tiny_data(1).views, tmp_path)
            testbed = Testbed(running, [device])
            await testbed.until(lambda status: status.queries > 0)
            with pytest.raises(RunFailedError, match="it gave up: RuntimeError: out of order"):
                await testbed.measure(OPEN)
            assert "it gave up: RuntimeError: out of order" in await running.failure()
            await device.join()
            assert isinstance(device.error, RuntimeError)

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"queries": 250_001}, "queries = 250001: expected 1 to 250000"),
        ({"samples": 9}, r"samples = 9: expected at most inference.block_size = 8 of this run"),
        ({"window": 0}, "window = 0: expected 1 to 256"),
        ({"rate_per_s": -2.0}, "rate_per_s = -2.0: expected a finite number, 0 or more"),
        ({"rate_per_s": math.inf}, "rate_per_s = inf: expected a finite number, 0 or more"),
        ({}, "the run is waiting: a workload is measured while a base station serves on"),
    ],
)
def test_a_base_station_refuses_what_it_cannot_measure(
    changes: dict[str, float], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A client that asks for anything: the base station must say no by itself.
    monkeypatch.setattr("splitwave.testbed.control_client.check_workload", lambda _: None)
    load = dataclasses.replace(CLOSED, **changes)  # type: ignore[arg-type]

    async def scenario() -> None:
        async with servers(tmp_path, PLAIN, IDLE) as running:
            with pytest.raises(ConfigError, match=message):
                await measure(running.addresses["base station"], load)

    asyncio.run(scenario())


def test_a_client_refuses_what_no_base_station_measures() -> None:
    with pytest.raises(ProtocolError, match="a workload with seed = -1"):
        asyncio.run(measure("127.0.0.1:1", dataclasses.replace(CLOSED, seed=-1)))
