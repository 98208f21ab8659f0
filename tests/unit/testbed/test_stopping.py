"""A request to stop is made by a signal or by a time, and ends a wait for it."""

import asyncio
import os
import signal

import pytest

from splitwave.testbed.stopping import StopRequest
from tests.limits import LIMIT_S


def waited(stop: StopRequest) -> None:
    """Wait for a request in a loop of its own; a failing test ends after the limit."""
    asyncio.run(asyncio.wait_for(stop.wait(), LIMIT_S))


async def wait_for_signal(stop: StopRequest, number: signal.Signals) -> bool:
    """Send this process a signal while something waits for the request; whether it was still waiting then."""
    waiting = asyncio.create_task(stop.wait())
    await asyncio.sleep(0)  # the task is at its wait now
    was_waiting = not waiting.done() and not stop.requested
    os.kill(os.getpid(), number)
    await asyncio.wait_for(waiting, LIMIT_S)
    return was_waiting


@pytest.mark.parametrize("number", [signal.SIGUSR1, signal.SIGTERM])
@pytest.mark.parametrize("after_s", [None, LIMIT_S * 10])
def test_a_signal_ends_the_wait(number: signal.Signals, after_s: float | None) -> None:
    stop = StopRequest(after_s, [number])
    before = signal.getsignal(number)
    with stop.listening():
        assert asyncio.run(wait_for_signal(stop, number))
    assert stop.requested
    assert signal.getsignal(number) is before


def test_a_signal_that_came_before_the_wait_is_not_forgotten() -> None:
    stop = StopRequest()
    with stop.listening():
        os.kill(os.getpid(), signal.SIGUSR1)
        waited(stop)
    waited(stop)
    assert stop.requested


@pytest.mark.parametrize("after_s", [0.0, 0.01])
def test_the_wait_ends_when_its_time_is_over(after_s: float) -> None:
    stop = StopRequest(after_s)
    waited(stop)
    assert stop.requested


def test_nobody_asks_for_a_stop_without_a_signal_or_a_time() -> None:
    async def scenario() -> bool:
        waiting = asyncio.create_task(stop.wait())
        done, _ = await asyncio.wait({waiting}, timeout=0.01)
        waiting.cancel()
        return bool(done)

    stop = StopRequest()
    assert not asyncio.run(scenario())
    assert not stop.requested


def test_a_signal_after_a_wait_that_was_given_up_makes_the_request() -> None:
    async def give_up() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(stop.wait(), 0.01)

    stop = StopRequest()
    with stop.listening():
        asyncio.run(give_up())
        os.kill(os.getpid(), signal.SIGUSR1)  # the loop that waited is closed
    assert stop.requested
    waited(stop)
