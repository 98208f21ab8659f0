"""Names of peers: every try looks the name up, so that a base station is found as soon as its name appears."""

import asyncio
from pathlib import Path

import pytest

from tests.integration.servers import CONFIG, servers
from tests.integration.testbed import DeviceThread, running_channel, tiny_data
from tests.limits import LIMIT_S
from tests.name_server import NameServer

pytestmark = pytest.mark.e2e  # starts programs, or trains, for half a minute

NAME = "basestation.test"
TRIES = 6


@pytest.mark.parametrize("through_channel", [False, True])
def test_the_first_try_after_the_name_has_appeared_finds_the_base_station(
    through_channel: bool, tmp_path: Path
) -> None:
    async def scenario() -> int:
        with NameServer() as names:
            async with servers(tmp_path, CONFIG) as running:
                port = running.addresses["base station"].rpartition(":")[2]
                named = f"dns://{names.address}/{NAME}:{port}"
                async with running_channel(named) as channel:
                    device = DeviceThread(channel if through_channel else named, 0, tiny_data(1).views, tmp_path)
                    await asyncio.to_thread(names.wait_for_lookups, NAME, TRIES, LIMIT_S)
                    names.point(NAME, "127.0.0.1")
                    assert await running.run is not None
                    await device.join()
            assert device.error is None
            return device.attempts

    assert asyncio.run(scenario()) == TRIES + 1
