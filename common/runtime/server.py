"""The life of a gRPC server: bind, serve, report health, drain."""

import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from grpc import aio
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from splitwave.common.errors import AddressError
from splitwave.common.runtime.address import is_socket, socket_name
from splitwave.common.runtime.rpc import MAX_STREAMS, SERVER_OPTIONS

DRAIN_GRACE_S = 2.0
"""Seconds that open streams have after the server stops admitting new ones; a supervisor must wait longer."""


@asynccontextmanager
async def serving(address: str, register: Callable[[aio.Server], None], services: Sequence[str]) -> AsyncIterator[str]:
    """Serve at `address` during the body of the `with`, then drain: NOT_SERVING, no new calls, grace period, stop.

    Yields the address, with the port that was bound.

    Args:
        address: HOST:PORT, whose port 0 takes a free one, or a Unix socket.
        register: adds the servicers.
        services: their full names, for health checks and reflection.

    Raises:
        AddressError: the port or the socket is taken, or the host is not this machine.
    """
    server = aio.server(options=SERVER_OPTIONS, maximum_concurrent_rpcs=MAX_STREAMS)
    health_servicer = health.aio.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(health_servicer, server)
    reflection.enable_server_reflection([*services, health.SERVICE_NAME, reflection.SERVICE_NAME], server)
    register(server)
    bound = _bind(server, address)
    await server.start()
    for service in (*services, ""):
        await health_servicer.set(service, health_pb2.HealthCheckResponse.SERVING)
    try:
        yield bound
    finally:
        await health_servicer.enter_graceful_shutdown()
        await server.stop(DRAIN_GRACE_S)


def _bind(server: aio.Server, address: str) -> str:
    """Bind the address, and return it with the port that was bound."""
    of_socket = is_socket(address)
    if of_socket and _is_answered(address):
        raise AddressError(f"cannot listen on {address}: another server has it")
    try:
        port = server.add_insecure_port(address)
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
