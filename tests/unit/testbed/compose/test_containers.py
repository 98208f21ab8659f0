"""Reading the engine's `inspect` of a container, and showing it as a table row."""

from typing import Any

import pytest

from splitwave.testbed.compose.container_table import COLUMNS, ContainerLoad, table_row
from splitwave.testbed.compose.containers import Part, part_from_attributes
from splitwave.testbed.compose.reachability import address_of
from splitwave.testbed.compose.usage import Reading

INSPECTED: dict[str, Any] = {  # from engine 20.10, reduced to the entries that are read
    "Id": "282988364b11",
    "RestartCount": 2,
    "State": {
        "Status": "running",
        "ExitCode": 0,
        "StartedAt": "2026-11-22T01:31:22.850424407Z",
        "Health": {"Status": "healthy", "FailingStreak": 0},
    },
    "Config": {
        "Labels": {"com.docker.compose.service": "basestation", "com.docker.compose.container-number": "1"},
    },
    "NetworkSettings": {
        "Ports": {"50051/tcp": [{"HostIp": "127.0.0.1", "HostPort": "32768"}], "50099/tcp": None},
        "Networks": {"splitwave_testbed": {"IPAddress": "172.18.0.2"}},
    },
}
NOT_STARTED: dict[str, Any] = {
    **INSPECTED,
    "RestartCount": 0,
    "State": {"Status": "created", "ExitCode": 0, "StartedAt": "0001-01-01T00:00:00Z"},
    "NetworkSettings": {"Ports": None, "Networks": None},
}


def part(status: str, *, health: str = "", exit_code: int = 0, networks: tuple[str, ...] = ("testbed",)) -> Part:
    return Part("device", 2, "d2", status, health, exit_code, 3, "", networks, {})


def test_a_running_container_has_health_networks_and_published_ports() -> None:
    basestation = part_from_attributes(INSPECTED)

    assert basestation == Part(
        service="basestation",
        number=1,
        id="282988364b11",
        status="running",
        health="healthy",
        exit_code=0,
        restarts=2,
        started_at="2026-11-22T01:31:22.850424407Z",
        networks=("splitwave_testbed",),
        ports={"50051/tcp": "127.0.0.1:32768"},
    )
    assert basestation.name == "basestation-1"
    assert basestation.is_running


def test_a_container_that_was_not_started_has_no_health_networks_or_ports() -> None:
    created = part_from_attributes(NOT_STARTED)

    assert (created.health, created.networks, created.ports, created.is_running) == ("", (), {}, False)


def test_the_address_is_that_of_the_published_port() -> None:
    parts = [part("running"), part_from_attributes(INSPECTED)]

    assert address_of(parts, "basestation") == "127.0.0.1:32768"
    assert address_of(parts, "channel") is None


@pytest.mark.parametrize(
    ("host", "address"),
    [("0.0.0.0", "0.0.0.0:32768"), ("::1", "[::1]:32768"), ("::", "[::]:32768"), ("", "127.0.0.1:32768")],
)
def test_a_published_port_has_an_address_that_can_be_dialled(host: str, address: str) -> None:
    networks = {"Ports": {"50051/tcp": [{"HostIp": host, "HostPort": "32768"}]}, "Networks": {}}

    assert part_from_attributes({**INSPECTED, "NetworkSettings": networks}).ports == {"50051/tcp": address}


def test_a_table_row_shows_the_usage_of_a_container() -> None:
    cells = table_row(
        part("running", health="healthy"), ContainerLoad(49.6, Reading(1_500_000_000, 3 << 20, 2_000_000, 40_000))
    )

    assert dict(zip(COLUMNS, cells, strict=True)) == {
        "container": "device-2",
        "state": "running, healthy",
        "restarts": "3",
        "CPU %": "50",
        "CPU s": "1.5",
        "MiB": "3",
        "MB in": "2.00",
        "MB out": "0.04",
    }


def test_a_table_row_shows_the_exit_code_of_a_container() -> None:
    assert table_row(part("exited", exit_code=7), None) == ("device-2", "exited (7)", "3", "–", "–", "–", "–", "–")
    assert table_row(part("restarting", exit_code=137), None)[1] == "restarting (137)"


def test_a_table_row_shows_faults() -> None:
    assert table_row(part("paused", health="healthy"), None)[1] == "paused"
    assert table_row(part("running", networks=()), None)[1] == "running, cut off"


@pytest.mark.parametrize(
    ("service", "status", "exit_code", "done"),
    [
        ("certs", "exited", 0, True),
        ("certs", "running", 0, False),
        ("certs", "exited", 2, False),
        ("device", "exited", 0, False),
    ],
)
def test_a_part_is_done_when_it_has_made_the_certificates(
    service: str, status: str, exit_code: int, done: bool
) -> None:
    assert Part(service, 1, "id", status, "", exit_code, 0, "", (), {}).is_done is done
