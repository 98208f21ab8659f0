"""The messages of a training step are few."""

import asyncio
from pathlib import Path

import pytest

from splitwave.common.protocol.messages import Gradient, TrainStep
from tests.integration.raw_device import level_block, raw_device
from tests.integration.servers import CONFIG, IDS, servers


@pytest.mark.parametrize("server", ["base station", "channel"])
def test_a_gradient_and_the_next_steps_announcement_arrive_in_one_message(server: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with servers(tmp_path) as running, raw_device(running.addresses[server], CONFIG) as device:
            assert await device.start_training() == TrainStep(0)
            assert device.contract is not None
            await device.send(level_block(device.contract, IDS))
            gradient, announcement = await device.receive_bundle()
            assert isinstance(gradient, Gradient)
            assert announcement == TrainStep(1)

    asyncio.run(scenario())
