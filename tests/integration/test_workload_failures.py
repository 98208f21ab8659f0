"""Workloads that are refused, or fail while they are carried out."""

import asyncio
import dataclasses
import math
from pathlib import Path

import pytest

from splitwave.common.errors import ConfigError, ProtocolError, RunFailedError
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.phases import Phase
from splitwave.common.protocol.workload import LinkStamps
from splitwave.common.wire.pb import control_pb2 as pb
from splitwave.device.learning.worker import DeviceWorker, Features
from splitwave.testbed.control_client import measure
from tests.integration.servers import servers
from tests.integration.testbed import DeviceThread, tiny_data
from tests.integration.workloads import (
    CLOSED,
    IDLE,
    OPEN,
    PLAIN,
    Hold,
    Testbed,
    serving_testbed,
)


def test_only_one_workload_is_measured_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_a_lost_link_fails_the_measurement_and_the_run_recovers(
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


def test_an_error_of_the_encoder_in_an_open_loop_is_reported_by_the_base_station(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = DeviceWorker.features

    def features(worker: DeviceWorker, key: BlockKey) -> Features:
        if key.phase is Phase.LOAD and key.micro_batch == 2:
            raise RuntimeError("out of order")
        return original(worker, key)

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
def test_a_base_station_refuses_workloads_that_it_cannot_measure(
    changes: dict[str, float], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The client does not check the workload here, so the base station must refuse it.
    monkeypatch.setattr("splitwave.testbed.control_client.check_workload", lambda _: None)
    load = dataclasses.replace(CLOSED, **changes)  # type: ignore[arg-type]

    async def scenario() -> None:
        async with servers(tmp_path, PLAIN, IDLE) as running:
            with pytest.raises(ConfigError, match=message):
                await measure(running.addresses["base station"], load)

    asyncio.run(scenario())


def test_a_client_refuses_workloads_that_no_base_station_accepts() -> None:
    with pytest.raises(ProtocolError, match="a workload with seed = -1"):
        asyncio.run(measure("127.0.0.1:1", dataclasses.replace(CLOSED, seed=-1)))
