"""The folder of a testbed's certificates: an authority, and a folder for each party with all that this party needs.

DIR/ca.pem, DIR/ca.key      the authority; the key stays here
DIR/revoked.txt             serial numbers of revoked certificates
DIR/NAME/                   of one party, to be copied to its machine: ca.pem, identity.pem, revoked.txt
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from splitwave.common.errors import ConfigError
from splitwave.common.files.folders import make_output_folder
from splitwave.common.files.whole_file import whole_file
from splitwave.common.protocol.identity import Identity
from splitwave.common.runtime.certificate import revoked_numbers
from splitwave.common.runtime.tls_folder import AUTHORITY_FILE, IDENTITY_FILE, REVOKED_FILE
from splitwave.testbed.certificates.authority import Authority
from splitwave.testbed.certificates.party import Party

KEY_FILE = "ca.key"
FILES = frozenset((AUTHORITY_FILE, KEY_FILE, REVOKED_FILE))
"""The authority's own files, beside the folders of the parties."""
LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")
"""Names and addresses in every server's certificate: of health checks, tunnels and Unix sockets."""
_REVOKED_HEADER = b"# Serial numbers of revoked certificates, in hexadecimal; read again when this file changes.\n"


@dataclass(frozen=True, slots=True)
class CertificateStore:
    """A folder with an authority and the parties that it has certified."""

    folder: Path
    authority: Authority = field(repr=False)

    @classmethod
    def create(cls, folder: Path, days: float) -> Self:
        """Make an authority in a folder, which is made if missing.

        Raises:
            ConfigError: the folder has one already, or cannot be written.
        """
        for name in (AUTHORITY_FILE, KEY_FILE):
            if (folder / name).exists():
                raise ConfigError(
                    f"certs init {folder}: {name} is there already: `splitwave certs renew` renews its certificates, "
                    "`certs add` issues more; or name another folder"
                )
        make_output_folder(folder, "certs init")
        folder.chmod(0o700)
        authority = Authority.create(days)
        _write(folder / KEY_FILE, authority.key_pem, 0o600)
        _write(folder / AUTHORITY_FILE, authority.certificate_pem, 0o644)
        _write(folder / REVOKED_FILE, _REVOKED_HEADER, 0o644)
        return cls(folder, authority)

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open a folder that `create` made.

        Raises:
            ConfigError: it is none.
        """
        try:
            authority = Authority.from_pem((folder / AUTHORITY_FILE).read_bytes(), (folder / KEY_FILE).read_bytes())
        except (OSError, ValueError, TypeError) as error:
            raise ConfigError(f"certs {folder}: expected a folder of `splitwave certs init`: {error}") from None
        return cls(folder, authority)

    def add(self, identity: Identity, hosts: Sequence[str], days: float) -> None:
        """Issue a certificate, and write it with all else that the party needs to the party's folder.

        Raises:
            ConfigError: the folder has a party of this name.
        """
        folder = self.folder / identity.name
        if (folder / IDENTITY_FILE).exists():
            raise ConfigError(
                f"certs {self.folder}: {identity.name} has a certificate already: `certs renew` renews it"
            )
        folder.mkdir(mode=0o700, exist_ok=True)
        self._issue(identity, tuple(hosts), days)

    def renew(self, names: Sequence[str], days: float, more_hosts: Sequence[str] = ()) -> list[Party]:
        """Issue new certificates, with new keys, for these parties, or for all if `names` is empty.

        Args:
            names: of the parties.
            days: how long the certificates last.
            more_hosts: names and addresses that the certificates of servers get besides those that they have.

        Raises:
            ConfigError: the folder has no party of such a name.
        """
        parties = self._chosen(names)
        for party in parties:
            added = more_hosts if party.identity.role.serves else ()
            hosts = tuple(dict.fromkeys((*party.hosts, *added)))
            self._issue(party.identity, hosts, days)
        return [Party.read(self.folder / party.identity.name) for party in parties]

    def revoke(self, name: str) -> Party:
        """Revoke the certificate that a party has now.

        Raises:
            ConfigError: the folder has no party of this name.
        """
        (party,) = self._chosen([name])
        line = f"{party.serial:x}  # {party.identity}, until {party.until:%Y-%m-%d}\n"
        _write(self.folder / REVOKED_FILE, self._revoked_text() + line.encode(), 0o644)
        for each in self.parties():
            _write(self.folder / each.identity.name / REVOKED_FILE, self._revoked_text(), 0o644)
        return party

    def parties(self) -> Iterator[Party]:
        """Yield the parties, by name."""
        for path in sorted(self.folder.glob(f"*/{IDENTITY_FILE}")):
            yield Party.read(path.parent)

    def _chosen(self, names: Sequence[str]) -> list[Party]:
        by_name = {party.identity.name: party for party in self.parties()}
        unknown = [name for name in names if name not in by_name]
        if unknown:
            raise ConfigError(f"certs {self.folder}: no party {unknown[0]}; there are {', '.join(by_name) or 'none'}")
        return [by_name[name] for name in names or by_name]

    def _issue(self, identity: Identity, hosts: tuple[str, ...], days: float) -> None:
        folder = self.folder / identity.name
        _write(folder / AUTHORITY_FILE, self.authority.certificate_pem, 0o644)
        _write(folder / REVOKED_FILE, self._revoked_text(), 0o644)
        _write(folder / IDENTITY_FILE, self.authority.issue(identity, hosts, days), 0o600)

    def _revoked_text(self) -> bytes:
        try:
            return (self.folder / REVOKED_FILE).read_bytes()
        except FileNotFoundError:
            return _REVOKED_HEADER


def read_revoked(folder: Path) -> frozenset[int]:
    """Return the serial numbers of revoked certificates in a folder of certificates, or of one party.

    Raises:
        ConfigError: the file is damaged.
    """
    path = folder / REVOKED_FILE
    try:
        return revoked_numbers(path.read_text(encoding="utf-8")) if path.exists() else frozenset()
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: expected one serial number in hexadecimal per line: {error}") from None


def _write(path: Path, content: bytes, mode: int) -> None:
    """Write a file that is complete or as before, whatever interrupts it, and that has its mode from the beginning."""
    with whole_file(path) as temporary:
        with suppress(FileNotFoundError):
            temporary.unlink()  # of an earlier attempt, perhaps with another mode
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
