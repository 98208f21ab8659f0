"""Links that make the others wait."""

import asyncio
from pathlib import Path

from structlog.testing import capture_logs

from splitwave.basestation.run.policy import Policy
from tests.integration.servers import Servers, pass_time
from tests.integration.two_links import first_block, link_status, two_raw_devices
from tests.limits import LIMIT_S


def test_a_link_that_makes_the_others_wait_is_late_until_it_answers(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with two_raw_devices(tmp_path, Policy(late_after_s=LIMIT_S)) as (running, prompt, slow):
            await prompt.send(first_block(prompt))
            await link_status(running, lambda links: links[0].blocks == 1)
            assert await _late_in_time(running) == [1]
            await slow.send(first_block(slow))
            await link_status(running, lambda links: links[1].blocks == 1)
            pass_time(LIMIT_S / 4)  # until the base station checks the links again
            await link_status(running, lambda links: not any(link.late for link in links))

    asyncio.run(scenario())


async def _late_in_time(running: Servers) -> list[int]:
    """Advance the clock until links are late, and return these links."""
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
                await prompt.send(first_block(prompt))
                await link_status(running, lambda links: links[0].blocks == 1)
                assert await _late_in_time(running) == [1]
                slow.crash()
                await running.failure()
        return [str(entry["event"]) for entry in logs]

    events = asyncio.run(scenario())
    assert "link late" in events
    assert "link caught up" not in events
