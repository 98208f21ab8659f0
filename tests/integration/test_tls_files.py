"""The files of a party: renewed and damaged while it serves, and servers that are not who they should be."""

import asyncio
from pathlib import Path

import pytest
from grpc import aio
from grpc_health.v1 import health_pb2, health_pb2_grpc

from splitwave.common.errors import ConfigError, UnreachableError
from splitwave.common.protocol.identity import Identity, Role
from splitwave.common.runtime import healthcheck
from splitwave.common.runtime.dialling import failure_reason, open_aio_channel, open_channel
from splitwave.common.runtime.rpc import CLIENT_OPTIONS
from splitwave.common.runtime.server import serving
from splitwave.common.runtime.tls_folder import TlsFolder
from splitwave.testbed.certificates.store import CertificateStore
from tests.integration.certificates import make_store, of
from tests.limits import LIMIT_S


@pytest.fixture(name="store")
def _store(tmp_path: Path) -> CertificateStore:
    return make_store(tmp_path / "certificates")


async def ask(address: str, tls: TlsFolder | None) -> str:
    """`OK`, or why the server at an address does not answer a health check."""
    async with open_aio_channel(address, CLIENT_OPTIONS, tls) as grpc_channel:
        try:
            await health_pb2_grpc.HealthStub(grpc_channel).Check(health_pb2.HealthCheckRequest(), timeout=LIMIT_S)
        except aio.AioRpcError as error:
            return failure_reason(error.details(), tls)
    return "OK"


def ask_once(listen: str, server: TlsFolder, client: TlsFolder) -> str:
    async def scenario() -> str:
        async with serving(listen, lambda _: None, [], server) as address:
            return await ask(address, client)

    return asyncio.run(scenario())


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "unix"])
def test_a_certificate_has_the_names_of_its_own_machine(host: str, store: CertificateStore, tmp_path: Path) -> None:
    listen = f"unix:{tmp_path / 's'}" if host == "unix" else f"{host}:0"
    assert ask_once(listen, of(store, "basestation"), of(store, "device-0")) == "OK"


def test_a_server_at_an_address_that_its_certificate_does_not_have_is_refused(store: CertificateStore) -> None:
    store.add(Identity(Role.CHANNEL, "elsewhere"), ("elsewhere.example", "10.9.8.7"), days=1)
    answer = ask_once("127.0.0.1:0", of(store, "elsewhere"), of(store, "device-0"))
    assert answer == "UNAUTHENTICATED: Hostname Verification Check failed."


def test_a_device_cannot_pose_as_a_server(store: CertificateStore) -> None:
    answer = ask_once("127.0.0.1:0", of(store, "device-1"), of(store, "device-0"))
    assert answer == "CERTIFICATE_VERIFY_FAILED: unsupported certificate purpose"


def test_a_server_of_another_authority_is_refused(store: CertificateStore, tmp_path: Path) -> None:
    other = make_store(tmp_path / "other")
    answer = ask_once("127.0.0.1:0", of(other, "basestation"), of(store, "device-0"))
    assert answer == "CERTIFICATE_VERIFY_FAILED: unable to get local issuer certificate"


def test_a_plaintext_server_is_refused_by_a_client_with_certificates(store: CertificateStore) -> None:
    async def scenario() -> str:
        async with serving("127.0.0.1:0", lambda _: None, []) as address:
            return await ask(address, of(store, "device-0"))

    assert asyncio.run(scenario()) == "WRONG_VERSION_NUMBER"


def test_a_renewed_certificate_is_used_without_a_restart(store: CertificateStore) -> None:
    store.renew(["basestation"], days=-1)

    async def scenario() -> list[str]:
        server, client = of(store, "basestation"), of(store, "device-0")
        async with serving("127.0.0.1:0", lambda _: None, [], server) as address:
            answers = [await ask(address, client)]
            store.renew(["basestation", "device-0"], days=1)
            return [*answers, await ask(address, client)]

    assert asyncio.run(scenario()) == ["CERTIFICATE_VERIFY_FAILED: certificate has expired", "OK"]


def test_damaged_files_do_not_stop_a_server_that_has_read_whole_ones(store: CertificateStore) -> None:
    reports: list[str] = []

    async def scenario() -> list[str]:
        server = TlsFolder(store.folder / "basestation", reports.append)
        async with serving("127.0.0.1:0", lambda _: None, [], server) as address:
            whole = identity.read_bytes()
            identity.write_bytes(whole[:100])
            (identity.parent / "revoked.txt").write_text("what?")
            answers = [await ask(address, of(store, "device-0"))]
            identity.write_bytes(whole)
            return [*answers, await ask(address, of(store, "device-0"))]

    identity = store.folder / "basestation" / "identity.pem"
    assert asyncio.run(scenario()) == ["OK", "OK"]
    assert [report.partition(": ")[2][:16] for report in reports] == ["identity.pem hol", "revoked.txt expe"]


def test_a_client_whose_certificate_has_expired_says_so_itself(store: CertificateStore) -> None:
    store.renew(["device-0"], days=-1)
    folder = store.folder / "device-0"
    with pytest.raises(UnreachableError, match=rf"{folder}/identity.pem expired on .*: run `splitwave certs renew`"):
        open_channel("127.0.0.1:1", CLIENT_OPTIONS, of(store, "device-0"))


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("ca.pem", None, "ca.pem cannot be read (No such file or directory)"),
        ("identity.pem", None, "identity.pem cannot be read (No such file or directory)"),
        ("ca.pem", b"\xff", "ca.pem holds no certificate in PEM format"),
        ("identity.pem", b"", "identity.pem holds no certificate with its private key, unencrypted"),
        ("revoked.txt", b"12g", "revoked.txt expected one serial number in hexadecimal per line"),
    ],
)
def test_a_missing_or_damaged_file_is_an_error_that_names_it(
    name: str, content: bytes | None, problem: str, store: CertificateStore
) -> None:
    path = store.folder / "device-0" / name
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError) as error:
        of(store, "device-0")
    assert str(error.value).startswith(f"--tls-dir {path.parent} (or SPLITWAVE_TLS_DIR): {problem}")


def test_a_certificate_with_the_key_of_another_is_an_error(store: CertificateStore) -> None:
    mine, other = (store.folder / name / "identity.pem" for name in ("device-0", "device-1"))
    certificate, _, _ = mine.read_bytes().partition(b"-----BEGIN PRIVATE")
    _, begin, key = other.read_bytes().partition(b"-----BEGIN PRIVATE")
    mine.write_bytes(certificate + begin + key)
    with pytest.raises(ConfigError, match=r"identity\.pem holds no certificate with its private key"):
        of(store, "device-0")


def test_the_health_check_of_a_container_uses_the_certificate_of_its_service(
    store: CertificateStore, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = str(store.folder / "channel")

    async def scenario() -> list[int]:
        async with serving("127.0.0.1:0", lambda _: None, [], TlsFolder(Path(folder))) as address:
            codes = [await asyncio.to_thread(healthcheck.main, [address, folder])]
            codes.append(await asyncio.to_thread(healthcheck.main, [address]))
            monkeypatch.setenv("SPLITWAVE_TLS_DIR", folder)
            return [*codes, await asyncio.to_thread(healthcheck.main, [address])]

    assert asyncio.run(scenario()) == [0, 1, 0]
    assert capsys.readouterr().err.endswith("UNAVAILABLE: Socket closed (if it serves with TLS, give --tls-dir)\n")
