"""Testbeds share an authority: a device whose certificate names one of them cannot send into the others."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from grpc import aio
from structlog.testing import capture_logs

from splitwave.common.protocol.identity import Identity, Role
from splitwave.testbed.certificates.store import CertificateStore
from tests.integration.certificates import TWO_LINKS, make_store, of
from tests.integration.live_stations import LiveDevice, export, station
from tests.integration.raw_device import raw_device
from tests.integration.servers import servers

BOARDS = {"board-a": "a", "board-b": "b", "device-0": None}
"""The testbeds of devices for link 0, by their names."""


@pytest.fixture(name="store", scope="module")
def _store(tmp_path_factory: pytest.TempPathFactory) -> CertificateStore:
    store = make_store(tmp_path_factory.mktemp("certificates"))
    for board in ("board-a", "board-b"):
        store.add(Identity(Role.DEVICE, board, frozenset({0}), BOARDS[board]), (), days=1)
    return store


@asynccontextmanager
async def run_of(testbed: str | None, store: CertificateStore, folder: Path, server: str) -> AsyncIterator[str]:
    """The address of a run's base station, or of the emulator before it."""
    async with servers(folder, TWO_LINKS, certificates=store.folder, testbed=testbed) as running:
        yield running.addresses[server]


@asynccontextmanager
async def station_of(testbed: str | None, store: CertificateStore, folder: Path, server: str) -> AsyncIterator[str]:
    """The same of a station that answers live queries."""
    export(TWO_LINKS, folder / "model")
    async with station(folder / "model", certificates=store.folder, testbed=testbed) as served:
        yield served.uplink if server == "channel" else served.address


@pytest.mark.parametrize("kind", ["run", "station"])
@pytest.mark.parametrize("server", ["base station", "channel"])
@pytest.mark.parametrize("testbed", ["a", None])
def test_a_device_leases_a_link_in_the_testbed_of_its_certificate_alone(
    testbed: str | None, server: str, kind: str, store: CertificateStore, tmp_path: Path
) -> None:
    leased: dict[str, object] = {}

    async def ask(address: str, board: str) -> int | tuple[str, str]:
        async with raw_device(address, TWO_LINKS, of(store, board)) as device:
            try:
                hands = device.shake_hands(link=0) if kind == "run" else LiveDevice(device, tmp_path).join(0)
                return (await hands).link
            except aio.AioRpcError:
                return await device.end()

    async def play() -> None:
        opening = run_of if kind == "run" else station_of
        async with opening(testbed, store, tmp_path, server) as address:
            for board in sorted(BOARDS, key=lambda board: BOARDS[board] == testbed):  # the strangers find a free link
                leased[board] = await ask(address, board)

    with capture_logs() as logs:
        asyncio.run(play())
    named = {"a": "testbed a", "b": "testbed b", None: "no testbed by name"}
    reasons = {
        board: f"device {board} belongs to {named[of_board]} by its certificate, and this base station to "
        f"{named[testbed]} by its --testbed"
        for board, of_board in BOARDS.items()
    }
    assert leased == {
        board: 0 if of_board == testbed else ("PERMISSION_DENIED", reasons[board]) for board, of_board in BOARDS.items()
    }
    refused = {line["reason"] for line in logs if line["event"] == "device refused"}
    assert refused == {reasons[board] for board, of_board in BOARDS.items() if of_board != testbed}
