"""The life of a gRPC server: bind, serve, report health, drain."""

import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import grpc
from grpc import aio
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from splitwave.common.errors import AddressError
from splitwave.common.runtime.access import AccessControl
from splitwave.common.runtime.address import is_socket, socket_name
from splitwave.common.runtime.call_rates import CallRates
from splitwave.common.runtime.readable_requests import ReadableRequests
from splitwave.common.runtime.rpc import MAX_STREAMS, SERVER_OPTIONS
from splitwave.common.runtime.tls_folder import TlsFolder

DRAIN_GRACE_S = 2.0
"""Seconds that open streams have after the server stops admitting new ones; a supervisor must wait longer."""


@asynccontextmanager
async def serving(
    address: str,
    register: Callable[[aio.Server], None],
    services: Sequence[str],
    tls: TlsFolder | None = None,
    *,
    reflection: bool = False,
    max_streams: int = MAX_STREAMS,
) -> AsyncIterator[str]:
    """Serve at `address` during the body of the `with`, then drain: NOT_SERVING, no new calls, grace period, stop.

    Yields the address, with the port that was bound.

    Args:
        address: HOST:PORT, whose port 0 takes a free one, or a Unix socket.
        register: adds the servicers.
        services: their full names, for health checks and reflection.
        tls: the server's files for TLS, which then decide which calls a peer may make; None for plaintext.
        reflection: whether clients may ask which services and messages there are.
        max_streams: calls at the same time; gRPC refuses others with RESOURCE_EXHAUSTED.

    Raises:
        AddressError: the port or the socket is taken, or the host is not this machine.
    """
    access = None if tls is None else AccessControl(tls)
    behind_access = (CallRates(), ReadableRequests())  # a peer is counted as the party that its certificate proves
    interceptors = behind_access if access is None else (access, *behind_access)
    server = aio.server(options=SERVER_OPTIONS, maximum_concurrent_rpcs=max_streams, interceptors=interceptors)
    health_servicer = health.aio.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(health_servicer, server)
    if reflection:
        _reflect(services, server)
    register(server)
    credentials = tls.server_credentials(access.handshakes.begins) if tls is not None and access is not None else None
    bound = _bind(server, address, credentials)
    await server.start()
    for service in (*services, ""):
        await health_servicer.set(service, health_pb2.HealthCheckResponse.SERVING)
    try:
        yield bound
    finally:
        await health_servicer.enter_graceful_shutdown()
        await server.stop(DRAIN_GRACE_S)
        if access is not None:
            access.close()


def _reflect(services: Sequence[str], server: aio.Server) -> None:
    from grpc_reflection.v1alpha import reflection  # noqa: PLC0415 — hardly any server offers it

    reflection.enable_server_reflection([*services, health.SERVICE_NAME, reflection.SERVICE_NAME], server)


def _bind(server: aio.Server, address: str, credentials: grpc.ServerCredentials | None) -> str:
    """Bind the address, and return it with the port that was bound."""
    of_socket = is_socket(address)
    if of_socket and _is_answered(address):
        raise AddressError(f"cannot listen on {address}: another server has it")
    try:
        if credentials is None:
            port = server.add_insecure_port(address)
        else:
            port = server.add_secure_port(address, credentials)
    except RuntimeError:
        cause = (
            "its folder cannot be written, or a file that is not a socket is in the way"
            if of_socket
            else "the port is taken, or the host is not this machine"
        )
        raise AddressError(f"cannot listen on {address}: {cause}") from None
    return address if of_socket else f"{address.rpartition(':')[0]}:{port}"


def _is_answered(address: str) -> bool:
    """Whether a server listens on a Unix socket; gRPC would delete the file, and take it from the server."""
    with socket.socket(socket.AF_UNIX) as client:
        client.setblocking(False)
        try:
            client.connect(socket_name(address))
        except BlockingIOError:  # its queue of connections is full
            return True
        except OSError:
            return False
    return True
