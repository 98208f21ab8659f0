"""Loopback, and the ports of the services."""

import asyncio
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest
from grpc import aio

from splitwave.common.runtime.server import serving
from splitwave.testbed.compose.published_ports import PublishedPort, published_ports
from splitwave.testbed.doctor.finding import Finding, Outcome
from splitwave.testbed.doctor.network import loopback_finding, port_finding


@pytest.fixture(name="occupied")
def _occupied() -> Iterator[int]:
    """A port with a program that accepts no connection, let alone a call."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def port(number: int) -> PublishedPort:
    return PublishedPort("channel", "127.0.0.1", "CHANNEL_PORT", number)


def test_a_call_over_loopback_is_answered() -> None:
    assert loopback_finding().outcome is Outcome.OK


def test_a_free_port_is_fine() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        number = listener.getsockname()[1]

    assert port_finding(port(number)) == Finding(f"port {number}", "free, for the channel")


def test_a_port_of_another_program_is_a_failure_with_the_variable_that_sets_another(occupied: int) -> None:
    finding = port_finding(port(occupied))

    assert finding.outcome is Outcome.FAILED
    assert finding.value == f"127.0.0.1:{occupied} is not free for the channel: Address already in use"
    assert finding.remedy is not None
    assert "set CHANNEL_PORT" in finding.remedy


def test_a_port_of_a_service_that_runs_is_a_note() -> None:
    async def examine() -> Finding:
        async with serving("127.0.0.1:0", _no_services, []) as address:
            return await asyncio.to_thread(port_finding, port(int(address.rpartition(":")[2])))

    finding = asyncio.run(examine())

    assert finding.outcome is Outcome.NOTE
    assert finding.value == "in use by a channel emulator, or another gRPC service"


def _no_services(_server: aio.Server) -> None:
    """Register nothing; every server answers health checks."""


@pytest.mark.needs_torch
def test_the_ports_of_the_compose_file_are_those_of_services_that_are_started_by_hand() -> None:
    ports = {each.service: each for each in published_ports({})}

    assert {service: each.variable for service, each in ports.items()} == {
        "basestation": "BASESTATION_PORT",
        "channel": "CHANNEL_PORT",
    }
    for service, each in ports.items():
        command = [sys.executable, "-m", f"splitwave.{service}", "--help"]
        wide = {**os.environ, "COLUMNS": "200"}
        text = subprocess.run(command, capture_output=True, text=True, check=True, env=wide).stdout
        assert re.search(rf"127\.0\.0\.1:{each.number}\b", text)


def test_a_variable_sets_another_port() -> None:
    ports = {each.service: each.number for each in published_ports({"CHANNEL_PORT": "6000", "BASESTATION_PORT": ""})}

    assert ports == {"basestation": 50051, "channel": 6000}
