"""Devices whose stream is lost connect again by themselves, get their links again, and keep the data they loaded."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc import aio
from structlog.testing import capture_logs

from splitwave.basestation.run.events import RunObserver
from splitwave.basestation.run.policy import Policy
from splitwave.channel.emulator.service import ChannelService
from splitwave.common.errors import RunFailedError, SplitwaveError, UnreachableError
from splitwave.common.protocol import messages as m
from splitwave.common.runtime.server import serving
from splitwave.common.wire.downlink import downlink_to_proto
from splitwave.common.wire.pb import uplink_pb2 as pb
from splitwave.common.wire.pb import uplink_pb2_grpc
from tests.integration.servers import CONFIG, servers
from tests.integration.testbed import DeviceThread, Pause, run_distributed, serving_uplink, tiny_data
from tests.integration.two_links import TWO_LINKS
from tests.limits import LIMIT_S


@asynccontextmanager
async def channel_at(listen: str, basestation: str) -> AsyncIterator[str]:
    def register(server: aio.Server) -> None:
        uplink_pb2_grpc.add_UplinkServicer_to_server(ChannelService(basestation), server)

    async with serving(listen, register, []) as address:
        yield address


class Steps(RunObserver):
    """Tells when a step has ended."""

    def __init__(self, step: int) -> None:
        self.reached = asyncio.Event()
        self._step = step

    def step_ended(self, step: int) -> None:
        if step == self._step:
            self.reached.set()


def test_a_training_whose_emulator_is_replaced_goes_on_with_the_same_devices(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, steps = tiny_data(2), Steps(6)
    expected = asyncio.run(run_distributed(TWO_LINKS, data, tmp_path / "undisturbed"))

    async def scenario() -> tuple[str, list[DeviceThread], int]:
        policy = Policy(rejoin_s=LIMIT_S, checkpoint_every=3)
        async with servers(tmp_path, TWO_LINKS, policy, observers=[steps]) as running:
            basestation, pause = running.addresses["base station"], Pause(8)
            with (
                monkeypatch.context() as of_this_one
            ):  # not of the base station, which sends Finish in its time of grace
                of_this_one.setattr("splitwave.common.runtime.server.DRAIN_GRACE_S", 0.0)
                async with channel_at("127.0.0.1:0", basestation) as address:
                    devices = [
                        DeviceThread(address, link, data.views, tmp_path, pause=pause if link else None)
                        for link in (0, 1)
                    ]
                    await steps.reached.wait()
            async with channel_at(address, basestation):
                pause.over.set()
                result = await running.run
                assert result is not None
                for device in devices:
                    await device.join()
        return result.weights_sha256, devices, result.steps

    with capture_logs() as logs:
        weights_sha256, devices, count = asyncio.run(scenario())

    assert (weights_sha256, count) == (expected.weights_sha256, expected.steps)
    assert [device.error for device in devices] == [None, None]
    assert all(device.attempts >= 2 for device in devices)
    assert [device.loads for device in devices] == [1, 1]
    assert {entry["log_level"] for entry in logs if entry["event"] == "link lost"} == {"warning"}


class EndingUplink(uplink_pb2_grpc.UplinkServicer):
    """Welcomes a device, and ends its stream with a status."""

    def __init__(self, code: grpc.StatusCode) -> None:
        self.welcomes = 0
        self._code = code

    async def Connect(  # type: ignore[override]  # noqa: N802
        self,
        request_iterator: AsyncIterator[pb.UplinkBundle],
        context: "aio.ServicerContext[Any, Any]",
    ) -> None:
        bundles = aiter(request_iterator)
        await anext(bundles)
        self.welcomes += 1
        message = downlink_to_proto(m.Welcome(m.PROTOCOL_VERSION, "run", 0, CONFIG.canonical_json(), None, None))
        await context.write(pb.DownlinkBundle(messages=[message]))
        await anext(bundles)  # Ready
        await context.abort(self._code, "the script says so")


def ended_with(code: grpc.StatusCode, folder: Path, until: Callable[[EndingUplink], bool]) -> SplitwaveError | None:
    """The error of a device whose stream ends with a status, and whose peer is then gone."""

    async def scenario() -> BaseException | None:
        service = EndingUplink(code)
        async with serving_uplink(service) as address:
            device = DeviceThread(address, 0, tiny_data(1).views, folder, connect_timeout_s=2.0)
            while not until(service):
                await asyncio.sleep(0)
        await device.join()
        return device.error

    error = asyncio.run(scenario())
    assert error is None or isinstance(error, SplitwaveError)
    return error


@pytest.mark.parametrize("code", ["UNAVAILABLE", "CANCELLED", "INTERNAL", "UNKNOWN", "DEADLINE_EXCEEDED"])
def test_a_device_whose_peer_is_gone_tries_again_until_its_limit(code: str, tmp_path: Path) -> None:
    error = ended_with(grpc.StatusCode[code], tmp_path, lambda service: service.welcomes >= 2)
    assert isinstance(error, UnreachableError)
    assert "did not accept this device again within 2 s: " in str(error)


def test_a_device_that_hears_that_the_run_failed_does_not_try_again(tmp_path: Path) -> None:
    error = ended_with(grpc.StatusCode.ABORTED, tmp_path, lambda service: service.welcomes == 1)
    assert isinstance(error, RunFailedError)
    assert "was lost (ABORTED): the script says so" in str(error)
