"""Live devices come, go, and break the rules."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from grpc import aio

from splitwave.common.errors import ConfigError
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.live_messages import ModelReady, Outcome, QueryAnswer
from splitwave.common.protocol.messages import PROTOCOL_VERSION, Hello, Ready
from splitwave.common.protocol.phases import Phase
from splitwave.common.protocol.query_name import QueryName
from splitwave.common.protocol.workload import Workload
from splitwave.common.wire.pb import control_pb2 as pb
from splitwave.common.wire.pb.control_pb2_grpc import ControlStub
from splitwave.testbed.control_client import ask_status, deploy, measure
from tests.integration.live_stations import LiveDevice, Served, export, live_devices, station
from tests.integration.raw_device import RawDevice, level_block, raw_device
from tests.integration.servers import servers
from tests.integration.test_live_queries import TWO_LINKS, changed
from tests.limits import LIMIT_S

NAME, NEXT = QueryName(3, 1), QueryName(3, 2)
SAMPLE = np.linspace(0, 1, 392, dtype=np.float32)


@pytest.fixture(name="model")
def _model(tmp_path: Path) -> Path:
    export(TWO_LINKS, tmp_path / "model")
    return tmp_path / "model"


@asynccontextmanager
async def direct(model: Path, folder: Path) -> AsyncIterator[tuple[Served, LiveDevice]]:
    """A station and its device of link 0, without a channel."""
    async with (
        station(model, with_channel=False) as served,
        live_devices(served, TWO_LINKS, folder, (0,)) as (device,),
    ):
        yield served, device


def block(device: LiveDevice, **changes: object):  # type: ignore[no-untyped-def]
    """A valid part of a query, apart from some fields."""
    assert device.raw.contract is not None
    fields = {"key": NAME.key, "model": 1, **changes}
    return level_block(device.raw.contract, np.zeros(1, dtype=np.int64), **fields)


async def hello(raw: RawDevice, **changes: object) -> None:
    await raw.send(replace(Hello(PROTOCOL_VERSION, "raw", "test", 0, 4096, ""), **changes))  # type: ignore[arg-type]


BREACHES: dict[str, tuple[Callable[[LiveDevice], Awaitable[None]], str, str]] = {
    "a test block": (
        lambda device: device.raw.send(block(device, key=BlockKey(Phase.TEST, 0, 0))),
        "INVALID_ARGUMENT",
        "test step 0 micro-batch 0 is no live query",
    ),
    "a model that it does not have": (
        lambda device: device.raw.send(block(device, model=2)),
        "FAILED_PRECONDITION",
        "query 1 of stream 3: link 0 encoded it with model 2, which it has not said to be ready",
    ),
    "a model that does not exist": (
        lambda device: device.raw.send(ModelReady(2)),
        "FAILED_PRECONDITION",
        "link 0 is ready for model 2, which it was not sent",
    ),
    "a model that it was ready for": (
        lambda device: device.raw.send(ModelReady(1)),
        "INVALID_ARGUMENT",
        "link 0 is ready for model 1, and said so before",
    ),
    "a message of a run": (
        lambda device: device.raw.send(Ready(1, 1, "")),
        "FAILED_PRECONDITION",
        "link 0 sent a Ready, which belongs to a run: this is a station that answers live queries",
    ),
    "a second hello": (lambda device: hello(device.raw), "INVALID_ARGUMENT", "link 0 said hello twice"),
}


@pytest.mark.parametrize("breach", list(BREACHES))
def test_a_device_that_breaks_a_rule_hears_which(breach: str, model: Path, tmp_path: Path) -> None:
    send, status, reason = BREACHES[breach]

    async def scenario() -> tuple[str, str]:
        async with direct(model, tmp_path) as (_, device):
            await send(device)
            return await device.raw.end()

    assert asyncio.run(scenario()) == (status, reason)


def test_parts_are_refused_before_the_device_has_a_model(model: Path) -> None:
    async def scenario() -> tuple[str, str]:
        async with station(model, with_channel=False) as served, raw_device(served.uplink, TWO_LINKS) as raw:
            device = LiveDevice(raw, model)
            await device.join(0, "unknown")
            await raw.send(block(device))
            return await raw.end()

    status, reason = asyncio.run(scenario())
    assert status == "FAILED_PRECONDITION"
    assert "encoded it with model 1, which it has not said to be ready" in reason


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"protocol_version": 5}, "device raw speaks protocol version 5, this base station version 7"),
        ({"max_dimension": 5}, "device raw encodes at most 5 features, this model needs 6"),
        (
            {"model_version": None},
            "device raw is to take part in a run: this station answers",
        ),
    ],
    ids=["version", "dimension", "of a run"],
)
def test_a_device_that_cannot_take_part_is_refused(changes: dict[str, object], reason: str, model: Path) -> None:
    async def scenario() -> tuple[str, str]:
        async with station(model) as served, raw_device(served.uplink, TWO_LINKS) as raw:
            await hello(raw, **changes)
            return await raw.end()

    status, found = asyncio.run(scenario())
    assert status == "FAILED_PRECONDITION"
    assert found.startswith(reason)


def test_a_live_device_is_refused_by_a_run(tmp_path: Path) -> None:
    async def scenario() -> tuple[str, str]:
        async with (
            servers(tmp_path) as running,
            raw_device(running.addresses["channel"], TWO_LINKS) as raw,
        ):
            await hello(raw)
            return await raw.end()

    status, reason = asyncio.run(scenario())
    assert status == "FAILED_PRECONDITION"
    assert "`splitwave serve` starts one that answers them" in reason


def test_a_query_with_too_few_links_ends_and_a_device_that_returns_is_answered(model: Path, tmp_path: Path) -> None:
    """Link 1 sends its part, is lost, and sends it again on a new stream; without it the query of link 0 ends."""

    async def scenario() -> tuple[list[QueryAnswer], list[QueryAnswer]]:
        async with (
            station(model, query_timeout_s=1.0) as served,
            live_devices(served, TWO_LINKS, tmp_path, (0,)) as (first,),
        ):
            await first.submit(NAME, SAMPLE)
            await first.listen_until(1)
            async with live_devices(served, TWO_LINKS, tmp_path / "lost", (1,)) as (second,):
                await second.submit(NEXT, SAMPLE)
                while (await ask_status(served.address)).links[1].blocks == 0:
                    pass
                second.raw.crash()
            while (await ask_status(served.address)).links[1].device_id:
                pass
            async with live_devices(served, TWO_LINKS, tmp_path / "back", (1,)) as (second,):
                await second.submit(NEXT, SAMPLE)
                await second.submit(NEXT, SAMPLE)
                await second.listen_until(1)
                await first.submit(NEXT, SAMPLE)
                return await first.listen_until(2), await second.listen_until(2)

    first, second = asyncio.run(scenario())
    assert [answer.outcome for answer in first] == [Outcome.TOO_FEW_LINKS, Outcome.ANSWERED]
    assert [answer.outcome for answer in second] == [Outcome.DUPLICATE, Outcome.ANSWERED]
    assert first[1].answers == second[1].answers
    assert (first[1].links, first[1].psnr_db, first[1].model) == ((0, 1), (6.0, 12.0), 1)
    stamps = first[1].stamps
    assert 0 < stamps.arrived_ns <= stamps.fused_ns <= stamps.decoding_ns <= stamps.decoded_ns
    assert stamps.channel is not None


def test_beta_is_set_for_devices_that_are_there_and_that_come(tmp_path: Path) -> None:
    config = changed(hypernetwork={"beta": [1e-4, 1.0]})
    export(config, tmp_path / "model", as_input=True)

    async def scenario() -> list[tuple[float, ...]]:
        async with station(tmp_path / "model") as served, aio.insecure_channel(served.address) as grpc_channel:
            stub = ControlStub(grpc_channel)
            async with live_devices(served, config, tmp_path, (0,)) as (first,):
                reply = await stub.SetBeta(pb.SetBetaRequest(beta=0.5), timeout=LIMIT_S)
                assert list(reply.betas) == [0.5, 0.5]
                async with live_devices(served, config, tmp_path, (1,)) as (second,):
                    assert [link.beta for link in (await ask_status(served.address)).links] == [0.5, 0.5]
                    for device in (first, second):
                        await device.listen_for_beta(0.5)
                        await device.submit(NAME, SAMPLE)
                    return [answer.betas for answer in await second.listen_until(1)]

    assert asyncio.run(scenario()) == [(0.5, 0.5)]


def test_what_belongs_to_a_run_is_refused_by_a_station_and_the_other_way_round(model: Path, tmp_path: Path) -> None:
    async def scenario() -> list[str]:
        reasons = []
        async with station(model, with_channel=False) as served, servers(tmp_path / "run") as running:
            with pytest.raises(ConfigError) as error:
                await measure(served.address, Workload(1, 1, 1, 0.0, 0))
            reasons.append(str(error.value))
            with pytest.raises(ConfigError) as error:
                await deploy(running.addresses["base station"], model)
            reasons.append(str(error.value))
            async with aio.insecure_channel(served.address) as grpc_channel:
                with pytest.raises(aio.AioRpcError) as refused:
                    await anext(aiter(ControlStub(grpc_channel).WatchRun(pb.WatchRunRequest(), timeout=LIMIT_S)))
                reasons.append(str(refused.value.details()))
        return reasons

    measuring, deploying, watching = asyncio.run(scenario())
    assert "its devices have samples of their own, and send no workload" in measuring
    assert "this base station carries out a run with its own model" in deploying
    assert "there is no run to watch" in watching


def test_a_device_that_never_loads_the_model_in_use_loses_its_link(model: Path) -> None:
    async def scenario() -> tuple[str, str]:
        async with (
            station(model, with_channel=False, ready_limit_s=0.5) as served,
            raw_device(served.uplink, TWO_LINKS) as raw,
        ):
            await LiveDevice(raw, model).join(0)
            return await raw.end()

    expected = "link 0 did not load the model in use within 0.5 s"
    assert asyncio.run(scenario()) == ("DEADLINE_EXCEEDED", expected)
