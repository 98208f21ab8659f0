"""A service is reached from other machines with TLS, or with its user's consent."""

import subprocess
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from splitwave.common.errors import ConfigError
from splitwave.common.exit_codes import ExitCode
from splitwave.common.protocol.identity import Identity, Role
from splitwave.common.runtime.tls_options import (
    add_server_options,
    add_testbed_option,
    is_local,
    listening_tls_of,
    named_testbed,
)
from splitwave.testbed.certificates.store import CertificateStore
from tests.limits import LIMIT_S


def options(*arguments: str) -> Namespace:
    parser = ArgumentParser()
    add_server_options(parser)
    add_testbed_option(parser)
    return parser.parse_args(arguments)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1:0",
        "127.9.9.9:1",
        "localhost:1",
        "[::1]:0",
        "[::ffff:127.0.0.1]:0",
        "unix:/run/s",
        "unix-abstract:s",
    ],
)
def test_loopback_and_sockets_are_local(address: str) -> None:
    assert is_local(address)
    assert listening_tls_of(options(), address) is None


@pytest.mark.parametrize(
    "address", ["0.0.0.0:0", "10.0.0.1:50051", "[::]:0", "[fe80::1%lo]:0", "nowhere.invalid:1", "[::ffff:10.0.0.1]:0"]
)
def test_elsewhere_a_service_needs_tls_or_consent(address: str) -> None:
    with pytest.raises(ConfigError) as error:
        listening_tls_of(options(), address)
    assert str(error.value).startswith(f"--listen {address}: other machines reach this address")
    assert "--tls-dir DIR" in str(error.value)
    assert "--insecure" in str(error.value)
    with capture_logs() as logs:
        assert listening_tls_of(options("--insecure"), address) is None
    assert [line["event"] for line in logs] == ["connections are neither encrypted nor authenticated"]


def test_certificates_are_used_wherever_a_service_listens(tmp_path: Path) -> None:
    store = CertificateStore.create(tmp_path / "c", days=30)
    store.add(Identity(Role.CHANNEL, "channel"), ("localhost",), days=20)
    folder = str(tmp_path / "c" / "channel")
    for address in ("0.0.0.0:0", "127.0.0.1:0"):
        assert listening_tls_of(options("--tls-dir", folder), address) is not None
    with pytest.raises(ConfigError, match="--insecure: not allowed with --tls-dir"):
        listening_tls_of(options("--tls-dir", folder, "--insecure"), "0.0.0.0:0")


def test_a_service_warns_when_its_certificate_expires_soon(tmp_path: Path) -> None:
    store = CertificateStore.create(tmp_path / "c", days=30)
    store.add(Identity(Role.CHANNEL, "channel"), ("localhost",), days=2)
    with capture_logs() as logs:
        listening_tls_of(options("--tls-dir", str(tmp_path / "c" / "channel")), "127.0.0.1:0")
    assert [line["event"] for line in logs] == ["the certificate expires soon: run `splitwave certs renew`"]


def test_the_variable_is_the_default_of_the_option(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SPLITWAVE_TLS_DIR", str(tmp_path))
    assert options().tls_dir == tmp_path
    monkeypatch.setenv("SPLITWAVE_TLS_DIR", "")
    assert options().tls_dir is None


@pytest.mark.parametrize(
    ("service", "arguments"),
    [("channel", ["--connect", "127.0.0.1:1"]), pytest.param("basestation", [], marks=pytest.mark.needs_torch)],
)
def test_a_service_refuses_at_its_start_in_one_line(service: str, arguments: list[str]) -> None:
    command = [sys.executable, "-m", f"splitwave.{service}", "--listen", "0.0.0.0:0", *arguments]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    assert answer.returncode == ExitCode.CONFIG
    (line,) = answer.stderr.splitlines()
    assert "--listen 0.0.0.0:0: other machines reach this address" in line


def test_a_testbed_has_a_name_and_certificates() -> None:
    assert named_testbed(options()) is None
    assert named_testbed(options("--testbed=lab-a", "--tls-dir=certs/basestation")) == "lab-a"
    with pytest.raises(ConfigError, match=r"^--testbed lab-a: give --tls-dir, too: certificates say which testbed"):
        named_testbed(options("--testbed=lab-a"))
    with pytest.raises(ConfigError, match=r"^--testbed a/b: a name has 1 to 63 letters"):
        named_testbed(options("--testbed=a/b", "--tls-dir=certs/basestation"))
