"""Handshakes that bring no call in time are counted."""

import asyncio
from collections.abc import Callable

from structlog.testing import capture_logs

from splitwave.common.runtime.handshakes import Handshakes
from tests.integration.servers import pass_time


def count(play: Callable[[Handshakes], None]) -> int:
    async def scenario() -> int:
        handshakes = Handshakes(limit_s=10)
        play(handshakes)
        await asyncio.sleep(0)  # what other threads report arrives
        pass_time(11)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        handshakes.close()
        return handshakes.without_call

    with capture_logs() as logs:
        counted = asyncio.run(scenario())
    assert [line["times"] for line in logs] == [times for times in (1, 10, 100, 1_000, 10_000) if times <= counted]
    return counted


def begin(times: int) -> Callable[[Handshakes], None]:
    def play(handshakes: Handshakes) -> None:
        for _ in range(times):
            handshakes.begins()

    return play


def test_a_handshake_without_a_call_is_counted_and_the_first_is_logged() -> None:
    assert count(begin(0)) == 0
    assert count(begin(3)) == 3


def test_of_very_many_handshakes_the_oldest_are_not_counted() -> None:
    assert count(begin(10_050)) == 10_000


def test_a_handshake_that_brings_a_call_is_none() -> None:
    async def scenario() -> int:
        handshakes = Handshakes(limit_s=10)
        handshakes.begins()
        handshakes.begins()
        await asyncio.sleep(0)
        for peer in ("ipv4:127.0.0.1:1", "ipv4:127.0.0.1:1", "ipv4:127.0.0.1:1"):  # one connection, three calls
            handshakes.call_came(peer)
        pass_time(11)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return handshakes.without_call

    assert asyncio.run(scenario()) == 1
