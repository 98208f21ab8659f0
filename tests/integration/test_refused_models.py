"""Models that a station refuses, and who may deploy one."""

import asyncio
from pathlib import Path

import pytest
from grpc import aio

from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import ConfigError
from splitwave.common.wire.pb import control_pb2 as pb
from splitwave.common.wire.pb.control_pb2_grpc import ControlStub
from splitwave.testbed.control_client import deploy, roll_back
from tests.integration.certificates import make_store, of
from tests.integration.live_stations import export, live_devices, station
from tests.integration.test_deployment import listening, until
from tests.integration.test_live_queries import TWO_LINKS, changed
from tests.limits import LIMIT_S


def test_the_model_in_use_is_not_deployed_again(tmp_path: Path) -> None:
    export(TWO_LINKS, tmp_path / "1")

    async def scenario() -> tuple[int, str]:
        async with station(tmp_path / "1", with_channel=False) as served:
            reply = await deploy(served.address, tmp_path / "1")
            with pytest.raises(ConfigError) as error:
                await roll_back(served.address)
            return reply.number, str(error.value)

    number, reason = asyncio.run(scenario())
    assert number == 1
    assert "is the first of this station: there is none to roll back to" in reason


@pytest.mark.parametrize(
    ("other", "named"),
    [
        (changed(encoder={"dimension": 7}), "encoder.dimension = 7, and the one in use 6"),
        (changed(quantizer={"breakpoints": 5}), "quantizer.breakpoints = 5, and the one in use 6"),
        (changed(runtime={"wire_dtype": "bfloat16"}), "runtime.wire_dtype = bfloat16, and the one in use float32"),
        (changed(links=3, channel={}), "links = 3, and the one in use 2"),
        (changed(channel={"psnr_db": 9.0}), "channel = "),
        (changed(hypernetwork={"beta": [1e-4, 1.0]}), "hypernetwork.beta = [0.0001, 1.0], and the one in use None"),
        (changed(fusion={"policy": "quorum", "quorum": 1}), "fusion = policy='quorum' deadline_ms=None quorum=1"),
    ],
    ids=["dimension", "breakpoints", "wire", "links", "channel", "range of β", "fusion"],
)
def test_a_model_of_other_links_cannot_follow(other: RunConfig, named: str, tmp_path: Path) -> None:
    export(TWO_LINKS, tmp_path / "1")
    export(other, tmp_path / "2")

    async def scenario() -> str:
        async with station(tmp_path / "1", with_channel=False) as served:
            with pytest.raises(ConfigError) as error:
                await deploy(served.address, tmp_path / "2")
            return str(error.value)

    assert named in asyncio.run(scenario())


def test_a_damaged_model_is_refused_with_the_file_that_the_operator_sent(tmp_path: Path) -> None:
    for seed in (1, 2):
        export(TWO_LINKS, tmp_path / str(seed), weights_seed=seed)
    weights = tmp_path / "2" / "device-1" / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"?")

    async def scenario() -> str:
        async with station(tmp_path / "1", with_channel=False) as served:
            with pytest.raises(ConfigError) as error:
                await deploy(served.address, tmp_path / "2")
            return str(error.value).removeprefix(f"refused by {served.address}: ")

    assert asyncio.run(scenario()).startswith("device-1/weights.safetensors: has SHA-256 ")


def test_only_an_operator_may_deploy(tmp_path: Path) -> None:
    store = make_store(tmp_path / "certificates")
    for seed in (1, 2):
        export(TWO_LINKS, tmp_path / str(seed), weights_seed=seed)

    async def scenario() -> tuple[str, int]:
        async with (
            station(tmp_path / "1", certificates=store.folder) as served,
            live_devices(served, TWO_LINKS, tmp_path, (1,), of(store, "device-1")) as (device,),
            listening([device]),
        ):
            with pytest.raises(ConfigError) as error:
                await deploy(served.address, tmp_path / "2", of(store, "device-1"))
            reply = await deploy(served.address, tmp_path / "2", of(store, "operator"))
            await until([device], lambda each: each.used == [2])
            return str(error.value), reply.devices

    reason, devices = asyncio.run(scenario())
    assert "device device-1 may not call splitwave.control.v1.Control" in reason
    assert devices == 1


def test_no_model_is_used_that_has_another_beta_folded_in_than_that_which_is_set(tmp_path: Path) -> None:
    config = changed(hypernetwork={"beta": [1e-4, 1.0]}, objective={"beta": 0.5})
    export(config, tmp_path / "1", as_input=True)
    export(config, tmp_path / "2")

    async def scenario() -> list[str]:
        reasons = []
        async with station(tmp_path / "1", with_channel=False) as served:
            await ask_for_beta(served.address, 0.01)
            with pytest.raises(ConfigError) as error:
                await deploy(served.address, tmp_path / "2")
            reasons.append(str(error.value))
            await ask_for_beta(served.address, 0.5)
            assert (await deploy(served.address, tmp_path / "2")).number == 2
            with pytest.raises(aio.AioRpcError) as refused:
                await ask_for_beta(served.address, 0.01)
            reasons.append(refused.value.details() or "")
            assert (await roll_back(served.address)).number == 1
            await ask_for_beta(served.address, 0.02)
            with pytest.raises(ConfigError) as error:
                await roll_back(served.address)
            return [*reasons, str(error.value)]

    folded = "this model has β = 0.5 of link 0 folded in; export the run with --conditions-as-input"
    to_deploy, to_set, to_roll_back = asyncio.run(scenario())
    assert f"link 0: β = 0.01: {folded}; set another first" in to_deploy
    assert to_set == f"β = 0.01: {folded}"
    assert f"link 0: β = 0.02: {folded}; set another first" in to_roll_back


async def ask_for_beta(address: str, beta: float) -> None:
    async with aio.insecure_channel(address) as grpc_channel:
        await ControlStub(grpc_channel).SetBeta(pb.SetBetaRequest(beta=beta), timeout=LIMIT_S)
