"""The network of this machine: a call over loopback, and the ports of services that are started without `--listen`."""

import asyncio
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import grpc
from grpc import aio
from grpc_health.v1 import health_pb2, health_pb2_grpc

from splitwave.common.errors import SplitwaveError
from splitwave.common.runtime.dialling import open_channel
from splitwave.common.runtime.grpc_reason import short_reason
from splitwave.common.runtime.rpc import CLIENT_OPTIONS
from splitwave.common.runtime.server import serving
from splitwave.common.runtime.tls_folder import VARIABLE, TlsFolder
from splitwave.testbed.compose.published_ports import PublishedPort, published_ports
from splitwave.testbed.control_client import get_status
from splitwave.testbed.doctor.finding import Circumstances, Finding, failed, note

_LOOPBACK = "127.0.0.1:0"
_ANSWER_LIMIT_S = 5.0


def check_network(_circumstances: Circumstances) -> Iterator[Finding]:
    """Make one call over loopback, and try the default ports."""
    yield loopback_finding()
    for port in published_ports():
        yield port_finding(port)


def loopback_finding() -> Finding:
    """Serve at a free port and call this server, as every run of processes does."""
    try:
        address = asyncio.run(_call_over_loopback())
    except aio.AioRpcError as error:
        reason = f"{error.code().name}: {short_reason(error.details())}"
        return failed("loopback", f"no answer from this machine: {reason}", "allow connections to 127.0.0.1")
    except (SplitwaveError, OSError) as error:
        return failed("loopback", str(error), "allow this user to listen on 127.0.0.1")
    return Finding("loopback", f"a server at {address} answers")


async def _call_over_loopback() -> str:
    request = health_pb2.HealthCheckRequest()
    async with (
        serving(_LOOPBACK, lambda _server: None, []) as address,
        aio.insecure_channel(address, options=CLIENT_OPTIONS) as grpc_channel,
    ):
        await health_pb2_grpc.HealthStub(grpc_channel).Check(request, timeout=_ANSWER_LIMIT_S)
    return address


def port_finding(port: PublishedPort) -> Finding:
    """Bind a port; one that is taken by a testbed that is running is a note."""
    name = f"port {port.number}"
    try:
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((port.host, port.number))
            listener.listen()
    except OSError as error:
        return _taken(name, port, str(error.strerror))
    return Finding(name, f"free, for the {port.service}")


def _taken(name: str, port: PublishedPort, reason: str) -> Finding:
    address = f"{port.host}:{port.number}"
    if (running := _running(address)) is not None:
        return note(name, f"in use by {running}", "take it down before another is started at this port")
    return failed(
        name,
        f"{address} is not free for the {port.service}: {reason}",
        f"stop the program that has it (`ss -ltnp` lists them), set {port.variable} for `splitwave up`, or give "
        "`--listen` to a service that is started by hand",
    )


def _running(address: str) -> str | None:
    """Describe the service of a testbed at an address; None if another program has the port."""
    tls = _own_tls()
    with open_channel(address, CLIENT_OPTIONS, tls) as grpc_channel:
        try:
            health_pb2_grpc.HealthStub(grpc_channel).Check(health_pb2.HealthCheckRequest(), timeout=_ANSWER_LIMIT_S)
        except grpc.RpcError:
            return None
    try:
        return f"a base station with run {get_status(address, tls).run_id}"
    except SplitwaveError:  # also a base station that shows its run to operators alone
        return "a channel emulator, or another gRPC service"


def _own_tls() -> TlsFolder | None:
    """The files that the variable names, if they are valid; None for plaintext."""
    folder = os.environ.get(VARIABLE)
    try:
        return TlsFolder(Path(folder)) if folder else None
    except SplitwaveError:
        return None
