"""A link keeps the others waiting."""

import asyncio
from pathlib import Path

from structlog.testing import capture_logs

from splitwave.basestation.run.policy import Policy
from tests.integration.servers import Servers, pass_time
from tests.integration.two_links import first_block, link_status, two_raw_devices
from tests.limits import LIMIT_S


def test_a_link_that_keeps_the_others_waiting_is_late_until_it_answers(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with two_raw_devices(tmp_path, Policy(late_after_s=LIMIT_S)) as (running, prompt, slow):
            await prompt.say(first_block(prompt))
            await link_status(running, lambda links: links[0].blocks == 1)
            assert await _late_in_time(running) == [1]
            await slow.say(first_block(slow))
            await link_status(running, lambda links: links[1].blocks == 1)
            pass_time(LIMIT_S / 4)  # to the next look
            await link_status(running, lambda links: not any(link.late for link in links))

    asyncio.run(scenario())


async def _late_in_time(running: Servers) -> list[int]:
    """The first links that are late as time passes."""
    while True:
        links = await link_status(running, lambda _: True)
        if late := [link.link for link in links if link.late]:
            return late
        pass_time(LIMIT_S / 4)


def test_a_late_link_that_is_lost_has_not_caught_up(tmp_path: Path) -> None:
    async def scenario() -> list[str]:
        with capture_logs() as logs:
            policy = Policy(rejoin_s=0.5, late_after_s=LIMIT_S)
            async with two_raw_devices(tmp_path, policy) as (running, prompt, slow):
                await prompt.say(first_block(prompt))
                await link_status(running, lambda links: links[0].blocks == 1)
                assert await _late_in_time(running) == [1]
                slow.hang_up()
                await running.failure()
        return [str(entry["event"]) for entry in logs]

    events = asyncio.run(scenario())
    assert "link late" in events
    assert "link caught up" not in events
