"""One party's certificate, as `splitwave certs show` describes it."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Self

from cryptography import x509

from splitwave.common.errors import ConfigError, ProtocolError
from splitwave.common.protocol.identity import SCHEME, Identity
from splitwave.common.runtime.tls_folder import IDENTITY_FILE


@dataclass(frozen=True, slots=True)
class Party:
    """A party with a certificate.

    Attributes:
        identity: who it is.
        hosts: names and addresses at which others dial it.
        serial: number of its certificate.
        until: the last moment of its certificate.
    """

    identity: Identity
    hosts: tuple[str, ...]
    serial: int
    until: datetime

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read the certificate in a party's folder.

        Raises:
            ConfigError: there is none, or it names no party.
        """
        path = folder / IDENTITY_FILE
        try:
            certificate = x509.load_pem_x509_certificate(path.read_bytes())
            names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
            uris = names.get_values_for_type(x509.UniformResourceIdentifier)
            (uri,) = (uri for uri in uris if uri.startswith(f"{SCHEME}:"))
            identity = Identity.from_uri(uri)
        except (OSError, ValueError, x509.ExtensionNotFound, ProtocolError) as error:
            raise ConfigError(f"{path}: expected a certificate of `splitwave certs`: {error}") from None
        hosts = (
            *names.get_values_for_type(x509.DNSName),
            *map(str, names.get_values_for_type(x509.IPAddress)),
        )
        return cls(identity, hosts, certificate.serial_number, certificate.not_valid_after_utc)
