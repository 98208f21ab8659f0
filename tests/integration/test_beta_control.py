"""Changes of β on real servers: the values that are refused, and their preservation when a run starts over."""

import asyncio
import dataclasses
import math
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from grpc import aio

from splitwave.basestation.run.policy import Policy
from splitwave.common.config.run_config import RunConfig
from splitwave.common.config.sections import HypernetworkSettings
from splitwave.common.protocol.blocks import SymbolBlock
from splitwave.common.protocol.phases import Phase, Symbols
from splitwave.common.protocol.reports import SymbolEntropy
from splitwave.common.records.results import RunResult
from splitwave.common.wire.pb import control_pb2 as pb
from splitwave.common.wire.pb.control_pb2_grpc import ControlStub
from splitwave.device.learning.worker import DeviceWorker, Features
from splitwave.device.measurement.symbol_histograms import SymbolHistograms
from tests.integration.servers import CONFIG, Servers, servers
from tests.integration.testbed import DeviceThread, run_distributed, tiny_data
from tests.limits import LIMIT_S

PLAIN = CONFIG.model_copy(
    update={"links": 2, "inference": CONFIG.inference.model_copy(update={"latency_samples": 3})},
)
CONDITIONED = PLAIN.model_copy(update={"hypernetwork": HypernetworkSettings(beta=[1e-3, 1.0])})


class Operator:
    """Sets β over the control service."""

    def __init__(self, grpc_channel: aio.Channel) -> None:
        self._stub = ControlStub(grpc_channel)

    async def set_beta(self, link: int | None, beta: float) -> list[float]:
        reply = await self._stub.SetBeta(pb.SetBetaRequest(link=link, beta=beta), timeout=LIMIT_S)
        return list(reply.betas)

    async def refusal(self, link: int | None, beta: float) -> tuple[str, str]:
        with pytest.raises(aio.AioRpcError) as error:
            await self.set_beta(link, beta)
        return error.value.code().name, error.value.details() or ""

    async def until(self, reached: Callable[[pb.RunStatus], bool]) -> pb.RunStatus:
        while not reached(status := await self._stub.GetStatus(pb.GetStatusRequest(), timeout=LIMIT_S)):
            pass
        return status

    async def betas(self) -> list[float | None]:
        status = await self.until(lambda _: True)
        return [link.beta if link.HasField("beta") else None for link in status.links]


@asynccontextmanager
async def operator(running: Servers) -> AsyncIterator[Operator]:
    async with aio.insecure_channel(running.addresses["base station"]) as grpc_channel:
        yield Operator(grpc_channel)


def test_a_base_station_refuses_invalid_betas_and_shows_the_betas_that_were_set(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with servers(tmp_path, CONDITIONED) as running, operator(running) as client:
            expected = "expected a number from 0.001 to 1.0"
            for beta in (1.5, 0.0, -1.0, math.nan, math.inf):
                code, details = await client.refusal(0, beta)
                assert (code, f"β = {beta}: {expected}" in details) == ("INVALID_ARGUMENT", True)
            missing = "link 2 does not exist: this run has links 0 to 1"
            assert await client.refusal(2, 0.5) == ("INVALID_ARGUMENT", missing)
            assert await client.betas() == [CONDITIONED.objective.beta] * 2
            assert await client.set_beta(1, 0.5) == [CONDITIONED.objective.beta, 0.5] == await client.betas()
            assert await client.set_beta(None, 1.0) == [1.0, 1.0] == await client.betas()

    asyncio.run(scenario())


def test_a_base_station_with_plain_networks_refuses_every_beta(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with servers(tmp_path, PLAIN) as running, operator(running) as client:
            code, details = await client.refusal(None, 0.5)
            assert (code, "networks of this run are not β-conditioned" in details) == ("FAILED_PRECONDITION", True)
            assert await client.betas() == [None, None]

    asyncio.run(scenario())


async def _serve_through_a_loss(config: RunConfig, folder: Path) -> RunResult:
    """Set β of both links before any device connects; then lose one device while the run serves."""
    data = tiny_data(2)
    async with (
        servers(folder, config, Policy(rejoin_s=LIMIT_S, serve_every_s=0.01)) as running,
        operator(running) as client,
    ):
        for link, beta in enumerate((0.25, 0.5)):
            await client.set_beta(link, beta)
        address = running.addresses["channel"]
        stays, leaves = (DeviceThread(address, link, data.views, folder) for link in (0, 1))
        await client.until(lambda status: status.queries >= 6)
        leaves.client.stop()
        await leaves.join()
        returns = DeviceThread(address, None, data.views, folder)
        before = await client.until(lambda status: status.restarts == 1)
        await client.until(lambda status: status.queries >= before.queries + 6)
        running.stop.set()
        result = await running.run
        for device in (stays, leaves, returns):
            await device.join()
            assert device.error is None
    assert result is not None
    return result


def test_remaining_and_new_devices_get_the_beta_that_was_set_when_a_run_starts_over(tmp_path: Path) -> None:
    untouched = asyncio.run(run_distributed(CONDITIONED, tiny_data(2), tmp_path))
    result = asyncio.run(_serve_through_a_loss(CONDITIONED, tmp_path))

    (served,) = result.served  # no query was answered under the β of the settings, before or after the loss
    assert served.betas == (0.25, 0.5)
    assert served.totals.queries >= 12
    assert served.totals == result.queries
    assert served.symbol_entropy_bits is not None
    # Only serving blocks have the β that was set; the test passes have the β of the settings.
    assert (result.error, result.error_soft) == (untouched.error, untouched.error_soft)
    assert result.weights_sha256 == untouched.weights_sha256
    assert [each.betas for each in untouched.served] == [(CONDITIONED.objective.beta, CONDITIONED.objective.beta)]


def _carries(beta: float | None) -> Callable[[pytest.MonkeyPatch], None]:
    def install(monkeypatch: pytest.MonkeyPatch) -> None:
        original = DeviceWorker.quantize

        def quantize(worker: DeviceWorker, features: Features, symbols: Symbols) -> SymbolBlock:
            block = original(worker, features, symbols)
            return dataclasses.replace(block, beta=beta) if block.key.phase is Phase.SERVE else block

        monkeypatch.setattr(DeviceWorker, "quantize", quantize)

    return install


def _reports(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SymbolHistograms, "new_entropies", lambda _: (SymbolEntropy(0.125, 3, 1.0),))


@pytest.mark.parametrize("server", ["base station", "channel"])
@pytest.mark.parametrize(
    ("config", "fault", "message"),
    [
        (CONDITIONED, _carries(0.125), "has β = 0.125, to which it was never set: expected 0.001"),
        (CONDITIONED, _carries(None), "serve step 0 micro-batch 0 carries no β: expected the β of its encoder"),
        (CONDITIONED, _carries(math.nan), "β = nan: expected a finite number above 0"),
        (PLAIN, _carries(0.001), "serve step 0 micro-batch 0 carries β = 0.001: expected none"),
        (CONDITIONED, _reports, "the report of link 0 has β = 0.125, to which it was never set"),
        (PLAIN, _reports, "the report of link 0 has β = 0.125, to which it was never set: expected none"),
    ],
)
def test_a_device_that_reports_a_wrong_beta_fails_the_run(
    config: RunConfig,
    fault: Callable[[pytest.MonkeyPatch], None],
    message: str,
    server: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fault(monkeypatch)
    config = config.model_copy(update={"links": 1})

    async def scenario() -> None:
        async with servers(tmp_path, config) as running:
            device = DeviceThread(running.addresses[server], 0, tiny_data(1).views, tmp_path)
            assert message in await running.failure()
            await device.join()
            assert message in str(device.error)

    asyncio.run(scenario())
