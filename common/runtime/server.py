"""The life of a gRPC server: bind, serve, report health, drain."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from grpc import aio
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from splitwave.common.errors import AddressError
from splitwave.common.runtime.rpc import MAX_STREAMS, SERVER_OPTIONS

DRAIN_GRACE_S = 2.0
"""Seconds that open streams have after the server stops admitting new ones; a supervisor must wait longer."""


@asynccontextmanager
async def serving(address: str, register: Callable[[aio.Server], None], services: Sequence[str]) -> AsyncIterator[str]:
    """Serve at `address` during the body of the `with`, then drain: NOT_SERVING, no new calls, grace period, stop.

    Yields HOST:PORT with the port that was bound.

    Args:
        address: HOST:PORT; port 0 takes a free one.
        register: adds the servicers.
        services: their full names, for health checks and reflection.

    Raises:
        AddressError: the port is taken, or the host is not this machine.
    """
    server = aio.server(options=SERVER_OPTIONS, maximum_concurrent_rpcs=MAX_STREAMS)
    health_servicer = health.aio.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(health_servicer, server)
    reflection.enable_server_reflection([*services, health.SERVICE_NAME, reflection.SERVICE_NAME], server)
    register(server)
    host = address.rpartition(":")[0]
    try:
        port = server.add_insecure_port(address)
    except RuntimeError:
        raise AddressError(f"cannot listen on {address}: the port is taken, or the host is not this machine") from None
    await server.start()
    for service in (*services, ""):
        await health_servicer.set(service, health_pb2.HealthCheckResponse.SERVING)
    try:
        yield f"{host}:{port}"
    finally:
        await health_servicer.enter_graceful_shutdown()
        await server.stop(DRAIN_GRACE_S)
