"""The TLS files of one party, read again whenever they change, and gRPC's credentials made of them.

    DIR/ca.pem         the certificate of the authority that all parties trust
    DIR/identity.pem   this party's certificate and private key
    DIR/revoked.txt    serial numbers in hexadecimal, one per line; may be missing

Certificate and key are in one file, so that a renewal replaces both at the same moment. Health checks use this module,
so it imports gRPC and the standard library alone.
"""

import os
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

import grpc

from splitwave.common.errors import ConfigError, UnreachableError
from splitwave.common.runtime.address import is_socket
from splitwave.common.runtime.certificate import Certificate, revoked_numbers

AUTHORITY_FILE = "ca.pem"
IDENTITY_FILE = "identity.pem"
REVOKED_FILE = "revoked.txt"
VARIABLE = "SPLITWAVE_TLS_DIR"

_Stamp = tuple[tuple[int, int, int] | None, ...]


@dataclass(frozen=True, slots=True)
class _Material:
    """The content of the files at one moment; it is never printed, because it holds the key."""

    authority: bytes = field(repr=False)
    identity: bytes = field(repr=False)
    certificate: Certificate


class TlsFolder:
    """The files of one party, valid when the object is made. A later change that makes them invalid has no effect."""

    def __init__(self, path: Path, report: Callable[[str], None] = lambda _: None) -> None:
        """Read the files.

        Args:
            path: the folder.
            report: receives, in one line, why changed files are not used.

        Raises:
            ConfigError: a file is missing or invalid.
        """
        self._path = path
        self._report = report
        self._stamp = self._stamp_of(AUTHORITY_FILE, IDENTITY_FILE)
        self._material = self._read()
        self._dialled: tuple[_Material, grpc.ChannelCredentials] | None = None
        self._revoked_stamp: _Stamp = ()
        self._revoked: frozenset[int] = frozenset()
        self._read_revoked()

    @property
    def certificate(self) -> Certificate:
        """This party's own certificate."""
        self._refresh()
        return self._material.certificate

    @property
    def revoked(self) -> frozenset[int]:
        """The serial numbers of revoked certificates, as the file says now."""
        if self._stamp_of(REVOKED_FILE) != self._revoked_stamp:
            try:
                self._read_revoked()
            except ConfigError as error:
                self._report(f"{error}; the numbers before its change are used")
        return self._revoked

    def server_credentials(self, handshake_begins: Callable[[], None]) -> grpc.ServerCredentials:
        """Return credentials that require a certificate of every client, and follow changes of the files.

        Args:
            handshake_begins: called at the beginning of every handshake, from any thread.
        """
        used = self._material

        def fetch() -> grpc.ServerCertificateConfiguration | None:
            nonlocal used
            handshake_begins()
            self._refresh()
            if used is self._material:
                return None
            used = self._material
            return _configuration(used)

        return grpc.dynamic_ssl_server_credentials(
            _configuration(used),
            fetch,  # type: ignore[arg-type] # None is documented, and means that nothing has changed
            require_client_authentication=True,
        )

    def channel_credentials(self) -> grpc.ChannelCredentials:
        """Return the credentials for a dial now.

        They are the same until the files change, so that gRPC channels of one address share a connection.

        Raises:
            UnreachableError: this party's certificate has expired, so that no peer accepts it.
        """
        self._refresh()
        material = self._material
        if material.certificate.has_expired:
            expired = material.certificate.not_after
            raise UnreachableError(
                f"{self._path / IDENTITY_FILE} expired on {expired:%Y-%m-%d %H:%M} UTC: run `splitwave certs renew`"
            )
        if self._dialled is None or self._dialled[0] is not material:
            made = grpc.ssl_channel_credentials(material.authority, material.identity, material.identity)
            self._dialled = (material, made)
        return self._dialled[1]

    def _refresh(self) -> None:
        stamp = self._stamp_of(AUTHORITY_FILE, IDENTITY_FILE)
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self._material = self._read()
        except ConfigError as error:
            self._report(f"{error}; the files before this change are used")

    def _read(self) -> _Material:
        authority, identity = self._content(AUTHORITY_FILE), self._content(IDENTITY_FILE)
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=authority.decode("ascii"))
        except (ssl.SSLError, UnicodeDecodeError):
            self._refuse(AUTHORITY_FILE, "holds no certificate in PEM format")
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(self._path / IDENTITY_FILE, password=_no_password)
            return _Material(authority, identity, Certificate.from_pem(identity))
        except (ssl.SSLError, ValueError):
            self._refuse(IDENTITY_FILE, "holds no certificate with its private key, unencrypted and in PEM format")

    def _read_revoked(self) -> None:
        self._revoked_stamp = self._stamp_of(REVOKED_FILE)
        if self._revoked_stamp == (None,):
            self._revoked = frozenset()
            return
        try:
            self._revoked = revoked_numbers(self._content(REVOKED_FILE).decode("utf-8", errors="replace"))
        except ValueError:
            self._refuse(REVOKED_FILE, "expected one serial number in hexadecimal per line, with remarks behind #")

    def _content(self, name: str) -> bytes:
        try:
            return (self._path / name).read_bytes()
        except OSError as error:
            self._refuse(name, f"cannot be read ({error.strerror}); `splitwave certs init` makes such folders")

    def _stamp_of(self, *names: str) -> _Stamp:
        return tuple(_file_stamp(self._path / name) for name in names)

    def _refuse(self, name: str, problem: str) -> NoReturn:
        raise ConfigError(f"--tls-dir {self._path} (or {VARIABLE}): {name} {problem}")


def name_options(address: str) -> tuple[tuple[str, str], ...]:
    """Return gRPC's option for the name in a server's certificate, where the address does not say it.

    A Unix socket is on this machine, so its server is localhost; several addresses are one server, whose certificate
    has the first.
    """
    if is_socket(address):
        return (("grpc.ssl_target_name_override", "localhost"),)
    if address.startswith(("ipv4:", "ipv6:")):
        host = address.partition(":")[2].split(",")[0].rpartition(":")[0]
        return (("grpc.ssl_target_name_override", host.removeprefix("[").removesuffix("]")),)
    return ()


def _configuration(material: _Material) -> grpc.ServerCertificateConfiguration:
    pair = (material.identity, material.identity)
    return grpc.ssl_server_certificate_configuration([pair], root_certificates=material.authority)


def _file_stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        status = os.stat(path)  # noqa: PTH116 — at every handshake
    except OSError:
        return None
    return status.st_mtime_ns, status.st_ino, status.st_size


def _no_password() -> str:
    raise ValueError("the key is encrypted")
