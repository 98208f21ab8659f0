"""Setting β on real servers: which values they refuse, and that a run which starts over keeps them."""

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


def test_a_base_station_refuses_what_it_cannot_set_and_shows_what_it_did(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with servers(tmp_path, CONDITIONED) as running, operator(running) as who:
            expected = "expected a number from 0.001 to 1.0"
            for beta in (1.5, 0.0, -1.0, math.nan, math.inf):
                code, details = await who.refusal(0, beta)
                assert (code, f"β = {beta}: {expected}" in details) == ("INVALID_ARGUMENT", True)
            missing = "link 2 does not exist: this run has links 0 to 1"
            assert await who.refusal(2, 0.5) == ("INVALID_ARGUMENT", missing)
            assert await who.betas() == [CONDITIONED.objective.beta] * 2
            assert await who.set_beta(1, 0.5) == [CONDITIONED.objective.beta, 0.5] == await who.betas()
            assert await who.set_beta(None, 1.0) == [1.0, 1.0] == await who.betas()

    asyncio.run(scenario())


def test_a_base_station_with_plain_networks_has_no_beta_to_set(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with servers(tmp_path, PLAIN) as running, operator(running) as who:
            code, details = await who.refusal(None, 0.5)
            assert (code, "networks of this run are not β-conditioned" in details) == ("FAILED_PRECONDITION", True)
            assert await who.betas() == [None, None]

    asyncio.run(scenario())


async def _serve_through_a_loss(config: RunConfig, folder: Path) -> RunResult:
    """Set both links before any device is there; lose one device while the run serves."""
    data = tiny_data(2)
    async with (
        servers(folder, config, Policy(rejoin_s=LIMIT_S, serve_every_s=0.01)) as running,
        operator(running) as who,
    ):
        for link, beta in enumerate((0.25, 0.5)):
            await who.set_beta(link, beta)
        address = running.addresses["channel"]
        stays, leaves = (DeviceThread(address, link, data.views, folder) for link in (0, 1))
        await who.until(lambda status: status.queries >= 6)
        leaves.client.stop()
        await leaves.join()
        returns = DeviceThread(address, None, data.views, folder)
        before = await who.until(lambda status: status.restarts == 1)
        await who.until(lambda status: status.queries >= before.queries + 6)
        running.stop.set()
        result = await running.run
        for device in (stays, leaves, returns):
            await device.join()
            assert device.error is None
    assert result is not None
    return result


def test_survivors_and_newcomers_get_the_beta_that_was_set_when_a_run_starts_over(tmp_path: Path) -> None:
    untouched = asyncio.run(run_distributed(CONDITIONED, tiny_data(2), tmp_path))
    result = asyncio.run(_serve_through_a_loss(CONDITIONED, tmp_path))

    (served,) = result.served  # not one query under β of the settings, before or after the loss
    assert served.betas == (0.25, 0.5)
    assert served.totals.queries >= 12
    assert served.totals == result.queries
    assert served.symbol_entropy_bits is not None
    # Only serving blocks have the β that was set: the test passes have that of the settings.
    assert (result.error, result.error_soft) == (untouched.error, untouched.error_soft)
    assert result.weights_sha256 == untouched.weights_sha256
    assert [each.betas for each in untouched.served] == [(CONDITIONED.objective.beta, CONDITIONED.objective.beta)]


def _carries(beta: float | None) -> Callable[[pytest.MonkeyPatch], None]:
    def install(monkeypatch: pytest.MonkeyPatch) -> None:
        honest = DeviceWorker.quantize

        def quantize(worker: DeviceWorker, features: Features, symbols: Symbols) -> SymbolBlock:
            block = honest(worker, features, symbols)
            return dataclasses.replace(block, beta=beta) if block.key.phase is Phase.SERVE else block

        monkeypatch.setattr(DeviceWorker, "quantize", quantize)

    return install


def _reports(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SymbolHistograms, "news", lambda _: (SymbolEntropy(0.125, 3, 1.0),))


@pytest.mark.parametrize("server", ["base station", "channel"])
@pytest.mark.parametrize(
    ("config", "lie", "message"),
    [
        (CONDITIONED, _carries(0.125), "has β = 0.125, to which it was never set: expected 0.001"),
        (CONDITIONED, _carries(None), "serve step 0 micro-batch 0 carries no β: expected the value that made it"),
        (CONDITIONED, _carries(math.nan), "β = nan: expected a finite number above 0"),
        (PLAIN, _carries(0.001), "serve step 0 micro-batch 0 carries β = 0.001: expected none"),
        (CONDITIONED, _reports, "the report of link 0 has β = 0.125, to which it was never set"),
        (PLAIN, _reports, "the report of link 0 has β = 0.125, to which it was never set: expected none"),
    ],
)
def test_a_device_that_lies_about_beta_fails_the_run(
    config: RunConfig,
    lie: Callable[[pytest.MonkeyPatch], None],
    message: str,
    server: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lie(monkeypatch)
    config = config.model_copy(update={"links": 1})

    async def scenario() -> None:
        async with servers(tmp_path, config) as running:
            device = DeviceThread(running.addresses[server], 0, tiny_data(1).views, tmp_path)
            assert message in await running.failure()
            await device.join()
            assert message in str(device.error)

    asyncio.run(scenario())
