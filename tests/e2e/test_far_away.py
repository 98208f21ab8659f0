"""Devices that are hard to reach: links with seconds of delay, and base stations whose names appear late and move."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from splitwave.common.exit_codes import ExitCode
from splitwave.common.wire.pb import control_pb2 as pb
from tests.delaying_proxy import slow_link
from tests.e2e.services import Services, until
from tests.limits import LIMIT_S
from tests.name_server import NameServer

pytestmark = pytest.mark.e2e

ONE_LINK = (
    "{links: 1, encoder: {dimension: 8}, training: {epochs: 1, batch_size: 4000}, inference: {latency_samples: 1}}"
)
EACH_WAY_S = 2.3
NAME = "basestation.test"
LOOKUPS = 10
"""As many as a device makes in 13 s; a single gRPC channel would take 4 minutes for them."""


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    with ExitStack() as stack:
        yield Services(tmp_path, stack)


@pytest.fixture
def settings(tmp_path: Path) -> tuple[str, str]:
    config = tmp_path / "run.yaml"
    config.write_text(ONE_LINK, encoding="utf-8")
    return f"--config={config}", f"--state={tmp_path}"


@contextmanager
def behind_slow_link(address: str) -> Iterator[str]:
    """The address of a slow link to a server; the proxy runs in a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    link = slow_link(address, EACH_WAY_S)
    try:
        yield asyncio.run_coroutine_threadsafe(link.__aenter__(), loop).result(LIMIT_S)
        asyncio.run_coroutine_threadsafe(link.__aexit__(None, None, None), loop).result(LIMIT_S)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@pytest.mark.parametrize("slow_hop", ["device", "channel"])
def test_a_run_over_a_link_with_seconds_of_delay_is_finished(
    slow_hop: str, services: Services, settings: tuple[str, str], tmp_path: Path
) -> None:
    basestation, address = services.serve("basestation", "splitwave.basestation", *settings)
    with ExitStack() as links:
        if slow_hop == "channel":
            address = links.enter_context(behind_slow_link(address))
        _, uplink = services.serve("channel", "splitwave.channel", f"--connect={address}")
        if slow_hop == "device":
            uplink = links.enter_context(behind_slow_link(uplink))
        device = services.start("device", "splitwave.device", f"--connect={uplink}", f"--state={tmp_path}")

        assert [basestation.wait(LIMIT_S), device.wait(LIMIT_S)] == [ExitCode.OK, ExitCode.OK]
    assert "waiting for" not in services.log("device") + services.log("channel")


def test_a_base_station_is_found_as_soon_as_its_name_appears_and_again_where_it_has_moved(
    services: Services, settings: tuple[str, str], tmp_path: Path
) -> None:
    first, address = services.serve("basestation", "splitwave.basestation", *settings, "--serve-every=0.1")
    port = address.rpartition(":")[2]
    with NameServer() as names:
        named = f"dns://{names.address}/{NAME}:{port}"
        _, uplink = services.serve("channel", "splitwave.channel", f"--connect={named}")
        services.start("device", "splitwave.device", f"--connect={uplink}", f"--state={tmp_path}")
        names.wait_for_lookups(NAME, LOOKUPS, LIMIT_S)
        names.point(NAME, "127.0.0.1")
        before = names.lookups(NAME)
        until(address, lambda status: status.stage == pb.STAGE_SERVING)
        found = names.lookups(NAME)
        assert LOOKUPS <= before <= found <= before + 2  # one may have begun just before the name appeared

        names.point(NAME, None)
        first.kill()
        moved = f"127.0.0.2:{port}"
        services.serve("moved", "splitwave.basestation", *settings, "--serve-every=0.1", listen=moved)
        names.wait_for_lookups(NAME, found + LOOKUPS, LIMIT_S)
        names.point(NAME, "127.0.0.2")
        before = names.lookups(NAME)
        until(moved, lambda status: status.stage == pb.STAGE_SERVING)
        assert names.lookups(NAME) <= before + 2
