"""Strangers at servers with TLS: each is refused with a status and a reason, logged once, and counted."""

import asyncio
import socket
import ssl
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc import aio

from splitwave.common.protocol.identity import Identity, Role
from splitwave.common.runtime.rpc import CLIENT_OPTIONS, DIAL_TIMEOUT_S
from splitwave.common.wire.pb import control_pb2 as pb
from splitwave.common.wire.pb.control_pb2_grpc import ControlStub
from splitwave.testbed.certificates.store import CertificateStore
from tests.integration.certificates import ask_health, make_store, scenario
from tests.integration.servers import Servers, pass_time
from tests.limits import LIMIT_S

BOTH = ("base station", "channel")


@pytest.fixture(name="store", scope="module")
def _store(tmp_path_factory: pytest.TempPathFactory) -> CertificateStore:
    return make_store(tmp_path_factory.mktemp("certificates"))


def without_certificate(store: CertificateStore, folder: Path) -> grpc.ChannelCredentials:
    del folder
    return grpc.ssl_channel_credentials((store.folder / "ca.pem").read_bytes())


def with_expired_certificate(store: CertificateStore, folder: Path) -> grpc.ChannelCredentials:
    del folder
    return _credentials(store, store.authority.issue(Identity(Role.DEVICE, "late"), (), days=-1))


def with_certificate_of_another_authority(store: CertificateStore, folder: Path) -> grpc.ChannelCredentials:
    other = CertificateStore.create(folder, days=2)
    return _credentials(store, other.authority.issue(Identity(Role.OPERATOR, "operator"), (), days=1))


def _credentials(store: CertificateStore, identity: bytes) -> grpc.ChannelCredentials:
    return grpc.ssl_channel_credentials((store.folder / "ca.pem").read_bytes(), identity, identity)


def connections_without_a_call(logs: list[Any]) -> list[int]:
    """The counts in the lines that report connections without a call."""
    return [line["times"] for line in logs if line["event"].startswith("a connection was refused")]


async def until_counted() -> None:
    """Let the time pass in which a call must follow a handshake."""
    pass_time(DIAL_TIMEOUT_S + 1)
    for _ in range(3):
        await asyncio.sleep(0)


@pytest.mark.parametrize("server", BOTH)
@pytest.mark.parametrize(
    "stranger", [without_certificate, with_expired_certificate, with_certificate_of_another_authority]
)
def test_a_client_without_a_valid_certificate_is_refused_and_counted(
    stranger: Callable[..., grpc.ChannelCredentials], server: str, store: CertificateStore, tmp_path: Path
) -> None:
    refusals = []

    async def run(running: Servers) -> None:
        credentials = stranger(store, tmp_path / "other")
        async with aio.secure_channel(running.addresses[server], credentials, options=CLIENT_OPTIONS) as grpc_channel:
            with pytest.raises(aio.AioRpcError) as error:
                await ControlStub(grpc_channel).GetStatus(pb.GetStatusRequest(), timeout=LIMIT_S)
        refusals.append((error.value.code(), str(error.value.details())))
        await until_counted()

    logs = scenario(run, store, tmp_path)
    ((code, details),) = refusals
    assert code is grpc.StatusCode.UNAVAILABLE
    assert "Socket closed" in details or "Connection reset" in details
    assert connections_without_a_call(logs) == [1]
    assert [line["connections"] >= 1 for line in logs if line["event"] == "refused"] == [True]


@pytest.mark.parametrize("server", BOTH)
def test_a_plaintext_client_is_refused_and_counted(server: str, store: CertificateStore, tmp_path: Path) -> None:
    answers = []

    async def run(running: Servers) -> None:
        answers.append(await ask_health(running.addresses[server], None))
        await until_counted()

    assert connections_without_a_call(scenario(run, store, tmp_path)) == [1]
    assert answers == ["UNAVAILABLE: Socket closed (if it serves with TLS, give --tls-dir)"]


@pytest.mark.parametrize("server", BOTH)
def test_a_client_that_knows_tls_1_1_alone_is_refused_and_counted(
    server: str, store: CertificateStore, tmp_path: Path
) -> None:
    async def run(running: Servers) -> None:
        with pytest.raises(OSError, match=r"EOF|alert|reset"):
            await asyncio.to_thread(_handshake_with_tls_1_1, running.addresses[server])
        await until_counted()

    assert connections_without_a_call(scenario(run, store, tmp_path)) == [1]


def _handshake_with_tls_1_1(address: str) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with warnings.catch_warnings():  # that old versions are deprecated is why they are refused
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    host, _, port = address.rpartition(":")
    with socket.create_connection((host, int(port)), LIMIT_S) as stream, context.wrap_socket(stream):
        pass
