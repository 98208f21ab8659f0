"""A station that is stopped, and its successor at the same address."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import numpy as np
import pytest

from splitwave.common.protocol.live_messages import Outcome
from splitwave.common.protocol.query_name import QueryName
from splitwave.device.inference.torch_encoder import TorchEncoder
from splitwave.device.live.station_connection import StationConnection
from tests.integration.live_stations import export, station
from tests.integration.test_live_queries import TWO_LINKS
from tests.integration.testbed import running_channel
from tests.limits import LIMIT_S

NAMES = [QueryName(0, number) for number in range(20)]
SAMPLE = np.linspace(0, 1, 392, dtype=np.float32)


@asynccontextmanager
async def connected(address: str, link: int) -> AsyncIterator[StationConnection]:
    device = StationConnection(address, TorchEncoder.open, link=link, connect_timeout_s=LIMIT_S)
    try:
        await asyncio.to_thread(device.connect)
        yield device
    finally:
        await asyncio.to_thread(device.close)


@pytest.mark.parametrize("with_channel", [False, True], ids=["direct", "through the emulator"])
def test_queries_that_waited_are_answered_by_the_successor(with_channel: bool, tmp_path: Path) -> None:
    """The first station has one link of two: under `all`, its queries wait for the other."""
    export(TWO_LINKS, tmp_path / "model")

    async def scenario() -> list[Outcome]:
        async with AsyncExitStack() as stack:
            async with station(tmp_path / "model", with_channel=False) as first:
                uplink = address = first.address
                if with_channel:
                    uplink = await stack.enter_async_context(running_channel(address))
                one = await stack.enter_async_context(connected(uplink, 0))
                replies = [one.submit(name, SAMPLE) for name in NAMES]
            assert not any(reply.done() for reply in replies)
            async with (
                station(tmp_path / "model", with_channel=False, listen=address),
                connected(uplink, 1) as other,
            ):
                replies += [other.submit(name, SAMPLE) for name in NAMES]
                waiting = [asyncio.wait_for(asyncio.wrap_future(reply), LIMIT_S) for reply in replies]
                return [reply.answer.outcome for reply in await asyncio.gather(*waiting)]

    assert asyncio.run(scenario()) == [Outcome.ANSWERED] * 2 * len(NAMES)
