"""Devices behind slow links: the deadline of a dial is a setting of its own."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
import structlog
from structlog.testing import capture_logs
from structlog.typing import EventDict

from tests.delaying_proxy import slow_link
from tests.integration.servers import CONFIG, servers
from tests.integration.testbed import DeviceThread, running_channel, tiny_data

EACH_WAY_S = 1.5
"""Longer than gRPC waits before it dials again, which is another matter."""


async def first_log(device: DeviceThread, event: str) -> dict[str, Any]:
    """Start a device, wait until it logs an event that begins like this, and stop it; returns that line of the log."""
    loop = asyncio.get_running_loop()
    found: asyncio.Future[dict[str, Any]] = loop.create_future()

    def note(_logger: object, _level: str, line: EventDict) -> EventDict:
        if line["event"].startswith(event):
            loop.call_soon_threadsafe(keep, dict(line))
        return line

    def keep(line: dict[str, Any]) -> None:
        if not found.done():
            found.set_result(line)

    with capture_logs():
        structlog.get_config()["processors"].insert(0, note)  # before its capture
        device.start()
        ended = asyncio.ensure_future(device.join())
        waited: tuple[asyncio.Future[Any], ...] = (found, ended)
        await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
        device.client.stop()
        await ended
    assert device.error is None
    return found.result()


@pytest.mark.parametrize("slow_hop", ["device", "channel"])
def test_the_first_dial_over_a_slow_link_connects(slow_hop: str, tmp_path: Path) -> None:
    async def scenario() -> tuple[int, dict[str, Any]]:
        async with servers(tmp_path, CONFIG) as running:
            before = running.addresses["base station" if slow_hop == "channel" else "channel"]
            async with slow_link(before, EACH_WAY_S) as slow, running_channel(slow) as behind:
                address = behind if slow_hop == "channel" else slow
                device = DeviceThread(address, 0, tiny_data(1).views, tmp_path, connect_timeout_s=10.0, start=False)
                leased = await first_log(device, "link leased")
                return device.attempts, leased

    attempts, leased = asyncio.run(scenario())
    assert (attempts, leased["link"]) == (1, 0)


def test_a_dial_is_given_up_at_its_own_deadline(tmp_path: Path) -> None:
    async def scenario() -> dict[str, Any]:
        async with servers(tmp_path, CONFIG) as running, slow_link(running.addresses["channel"], EACH_WAY_S) as slow:
            device = DeviceThread(slow, 0, tiny_data(1).views, tmp_path, dial_timeout_s=EACH_WAY_S / 3, start=False)
            return await first_log(device, f"waiting for the base station or channel emulator at {slow}")

    assert asyncio.run(scenario())["reason"] == "connection attempt timed out before receiving SETTINGS frame"
