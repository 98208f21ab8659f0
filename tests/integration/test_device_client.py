"""The client of a device: how long it retries, when it gives up, and which error it reports."""

import asyncio
import socket
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from splitwave.common.errors import CheckpointError, ProtocolError, UnreachableError
from splitwave.common.runtime.server import DRAIN_GRACE_S, serving
from splitwave.testbed.processes.supervisor import GRACE_S
from tests.integration.servers import CONFIG, servers
from tests.integration.testbed import DeviceThread, run_distributed, running_channel, tiny_data


def _run_device(address: str, tmp_path: Path, timeout_s: float) -> BaseException | None:
    async def scenario() -> BaseException | None:
        device = DeviceThread(address, None, tiny_data(1).views, tmp_path, connect_timeout_s=timeout_s)
        await device.join()
        return device.error

    return asyncio.run(scenario())


def free_address() -> str:
    """An address on which no server listens; it was bound and released."""

    async def bind() -> str:
        async with serving("127.0.0.1:0", lambda _: None, []) as address:
            return address

    return asyncio.run(bind())


def test_a_device_retries_up_to_its_limit_and_names_the_address_that_did_not_answer(tmp_path: Path) -> None:
    address = free_address()
    error = _run_device(address, tmp_path, 0.25)
    assert isinstance(error, UnreachableError)
    assert str(error) == f"{address} did not accept this device within 0.25 s: Connection refused"


def test_a_device_behind_the_emulator_logs_that_the_base_station_is_unreachable(tmp_path: Path) -> None:
    unreachable = free_address()

    async def scenario() -> str:
        async with running_channel(unreachable) as address:
            device = DeviceThread(address, None, tiny_data(1).views, tmp_path)
            with capture_logs() as logs:
                wait = f"waiting for the base station or channel emulator at {address}"
                while not (reasons := [entry["reason"] for entry in logs if entry["event"] == wait]):
                    await asyncio.sleep(0)
            device.client.stop()
            await device.join()
            assert device.error is None
            return str(reasons[0])

    reason = asyncio.run(scenario())
    assert reason == f"the channel emulator cannot reach the base station at {unreachable}: Connection refused"


@pytest.mark.parametrize("through_channel", [False, True])
def test_parties_that_start_before_the_base_station_log_each_reason_to_wait_once(
    through_channel: bool, tmp_path: Path
) -> None:
    unreachable = free_address()

    async def scenario() -> list[MutableMapping[str, Any]]:
        with capture_logs() as logs:
            async with running_channel(unreachable) as channel:
                address = channel if through_channel else unreachable
                device = DeviceThread(address, 0, tiny_data(1).views, tmp_path, connect_timeout_s=60.0)
                while device.attempts < 4:
                    await asyncio.sleep(0)
                async with servers(tmp_path, listen=unreachable) as running:
                    assert await running.run is not None
                    await device.join()
        assert device.error is None
        return list(logs)

    logs = asyncio.run(scenario())
    waits = [entry for entry in logs if entry["event"].startswith("waiting for ")]
    logged_waits = [(entry["event"], entry["reason"]) for entry in waits]
    assert len(logged_waits) == len(set(logged_waits))
    assert all(len(reason) < 120 for _, reason in logged_waits)
    reached = {entry["to"] for entry in logs if entry["event"].startswith("connected after ")}
    assert {f"waiting for {peer}" for peer in reached} == {event for event, _ in logged_waits}
    assert len(reached) == (2 if through_channel else 1)
    assert sum(entry["log_level"] == "warning" for entry in logs) == len(logged_waits)


def test_a_device_gives_up_at_the_limit_if_the_listener_never_answers(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        host, port = listener.getsockname()
        error = _run_device(f"{host}:{port}", tmp_path, 0.25)  # gRPC itself would give up after 1 s
    assert isinstance(error, UnreachableError)
    assert "accepted the connection, but sent no Welcome" in str(error)


def test_a_device_that_is_stopped_before_it_connects_ends_without_an_error(tmp_path: Path) -> None:
    async def scenario() -> BaseException | None:
        async with servers(tmp_path) as running:
            device = DeviceThread(running.addresses["channel"], None, tiny_data(1).views, tmp_path, start=False)
            device.client.stop()
            device.start()
            await device.join()
            return device.error

    assert asyncio.run(scenario()) is None


def test_a_checkpoint_of_other_settings_is_refused(tmp_path: Path) -> None:
    asyncio.run(run_distributed(CONFIG, tiny_data(1), tmp_path))
    other = CONFIG.model_copy(update={"encoder": CONFIG.encoder.model_copy(update={"dimension": 7})})
    with pytest.raises(CheckpointError, match=r"trained with encoder\.dimension = 6, this run has 7"):
        asyncio.run(run_distributed(other, tiny_data(1), tmp_path, restore=True))


def test_servers_drain_before_a_supervisor_kills_them() -> None:
    assert DRAIN_GRACE_S < GRACE_S


def test_a_refused_device_does_not_retry(tmp_path: Path) -> None:
    async def scenario() -> BaseException | None:
        async with servers(tmp_path) as running:
            device = DeviceThread(running.addresses["channel"], 3, tiny_data(1).views, tmp_path)
            await device.join()
            return device.error

    error = asyncio.run(scenario())
    assert isinstance(error, ProtocolError)
    assert "link 3 does not exist" in str(error)
