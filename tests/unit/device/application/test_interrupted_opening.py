"""Openings of a device that are interrupted: nothing of them is left."""

import asyncio
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import splitwave as sw
from splitwave.common.errors import UnreachableError
from splitwave.device.application import device_options
from splitwave.device.application.opening import LinkOptions, open_link
from tests.limits import LIMIT_S
from tests.unit.device.application.answering_link import AnsweringLink

FAILS_IN_S = 10.0
"""For how long an opening that nothing interrupts would go on: only a failing test waits for it."""


@dataclass(frozen=True)
class SilentStation:
    """Accepts a connection and says nothing; `dialled` is set by then.

    Attributes:
        address: as a device takes it.
    """

    address: str
    dialled: threading.Event = field(default_factory=threading.Event)


@pytest.fixture
def station(tmp_path: Path) -> Iterator[SilentStation]:
    found = SilentStation(f"unix:{tmp_path / 'station.sock'}")
    with socket.socket(socket.AF_UNIX) as listener, ExitStack() as connections:
        listener.bind(found.address.removeprefix("unix:"))
        listener.listen()

        def accept() -> None:
            connections.enter_context(listener.accept()[0])
            found.dialled.set()

        accepting = threading.Thread(target=accept, daemon=True)
        accepting.start()
        yield found
        accepting.join()


def live_links() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "live link"]


async def cancelled_after(reached: threading.Event, address: str, cancelled: threading.Event | None = None) -> None:
    """Open a device, and cancel that once an event is set; then `cancelled` is set."""
    opening = asyncio.create_task(sw.AsyncDevice(address, connect_timeout_s=FAILS_IN_S).__aenter__())
    assert await asyncio.to_thread(reached.wait, LIMIT_S)
    opening.cancel()
    if cancelled is not None:
        asyncio.get_running_loop().call_soon(cancelled.set)
    with pytest.raises(asyncio.CancelledError):
        await opening


def test_an_opening_that_is_cancelled_while_it_dials_ends_with_its_thread(station: SilentStation) -> None:
    async def run() -> list[threading.Thread]:
        await cancelled_after(station.dialled, station.address)
        return live_links()

    assert asyncio.run(run()) == []


def test_an_opening_that_is_cancelled_before_it_dials_gives_up_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entered, cancelled, reasons = threading.Event(), threading.Event(), list[str]()

    def late(options: LinkOptions) -> object:
        entered.set()
        assert cancelled.wait(LIMIT_S)
        try:
            return open_link(options)
        except UnreachableError as error:
            reasons.append(str(error))
            raise

    monkeypatch.setattr(device_options, "open_link", late)
    asyncio.run(cancelled_after(entered, f"unix:{tmp_path / 'station.sock'}", cancelled))
    assert reasons
    assert f"within {FAILS_IN_S:g} s" not in reasons[0]


def test_a_link_that_is_open_when_the_call_is_cancelled_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    link, entered, cancelled = AnsweringLink(), threading.Event(), threading.Event()

    def late(_options: LinkOptions) -> AnsweringLink:
        entered.set()
        assert cancelled.wait(LIMIT_S)
        return link

    monkeypatch.setattr(device_options, "open_link", late)
    asyncio.run(cancelled_after(entered, "station:5", cancelled))
    assert link.closed


def test_ctrl_c_during_an_opening_ends_its_thread(station: SilentStation) -> None:
    def interrupt() -> None:
        assert station.dialled.wait(LIMIT_S)
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    interrupting = threading.Thread(target=interrupt)
    interrupting.start()
    try:
        with pytest.raises(KeyboardInterrupt), sw.Device(station.address, connect_timeout_s=FAILS_IN_S):
            pass
    finally:
        signal.signal(signal.SIGINT, before)
        interrupting.join()
    assert live_links() == []
