"""Certificates that tests make: of one authority with a party of each kind, and of parties that must be refused."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from grpc import aio
from grpc_health.v1 import health_pb2, health_pb2_grpc
from structlog.testing import capture_logs

from splitwave.common.protocol.identity import Identity, Role
from splitwave.common.runtime.dialling import failure_reason, open_aio_channel
from splitwave.common.runtime.rpc import CLIENT_OPTIONS
from splitwave.common.runtime.tls_folder import TlsFolder
from splitwave.testbed.certificates.store import LOCAL_HOSTS, CertificateStore
from tests.integration.servers import CONFIG, Servers, servers
from tests.limits import LIMIT_S

TWO_LINKS = CONFIG.model_copy(update={"links": 2})
PARTIES = (
    Identity(Role.BASESTATION, "basestation"),
    Identity(Role.CHANNEL, "channel"),
    Identity(Role.OPERATOR, "operator"),
    Identity(Role.DEVICE, "device-any"),
    Identity(Role.DEVICE, "device-0", frozenset({0})),
    Identity(Role.DEVICE, "device-1", frozenset({1})),
)


def make_store(folder: Path) -> CertificateStore:
    """Make an authority, and a certificate for each of the parties."""
    store = CertificateStore.create(folder, days=2)
    for party in PARTIES:
        store.add(party, LOCAL_HOSTS if party.role.serves else (), days=1)
    return store


def of(store: CertificateStore, name: str) -> TlsFolder:
    """The files of one party."""
    return TlsFolder(store.folder / name)


def scenario(run: Callable[[Servers], Any], store: CertificateStore | None, state: Path) -> list[Any]:
    """Run a scenario against a base station and an emulator with two links; returns their log."""

    async def play() -> None:
        folder = None if store is None else store.folder
        async with servers(state, TWO_LINKS, certificates=folder) as running:
            await run(running)

    with capture_logs() as logs:
        asyncio.run(play())
    return logs


async def ask_health(address: str, tls: TlsFolder | None) -> str:
    """The status with which a health check ends, and its reason."""
    async with open_aio_channel(address, CLIENT_OPTIONS, tls) as grpc_channel:
        try:
            await health_pb2_grpc.HealthStub(grpc_channel).Check(health_pb2.HealthCheckRequest(), timeout=LIMIT_S)
        except aio.AioRpcError as error:
            return f"{error.code().name}: {failure_reason(error.details(), tls)}"
    return "OK"
