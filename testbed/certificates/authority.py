"""A certificate authority: makes itself, and issues certificates for parties."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from splitwave.common.protocol.identity import Identity

CLOCK_SKEW = timedelta(hours=1)
"""Time by which the clock of a board may be behind when it gets a new certificate."""
_PRESENTED = x509.KeyUsage(
    digital_signature=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=False,
    crl_sign=False,
    encipher_only=False,
    decipher_only=False,
)
_SIGNS = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)


@dataclass(frozen=True, slots=True)
class Authority:
    """A certificate authority.

    Attributes:
        certificate: which all parties trust.
        key: its private key.
    """

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey = field(repr=False)

    @classmethod
    def create(cls, days: float) -> Self:
        """Make an authority whose certificate lasts for so many days; each has a name of its own."""
        key = ec.generate_private_key(ec.SECP256R1())
        serial = x509.random_serial_number()
        name = _common_name(f"Splitwave testbed {serial % 16**6:06x}")
        certificate = (
            _draft(name, name, key, serial, _in_days(days))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_SIGNS, critical=True)
            .sign(key, hashes.SHA256())
        )
        return cls(certificate, key)

    @classmethod
    def from_pem(cls, certificate: bytes, key: bytes) -> Self:
        """Read an authority.

        Raises:
            ValueError: one of the texts is damaged, or they do not belong together.
        """
        read, private = x509.load_pem_x509_certificate(certificate), serialization.load_pem_private_key(key, None)
        if not isinstance(private, ec.EllipticCurvePrivateKey) or private.public_key() != read.public_key():
            raise ValueError("certificate and key do not belong together")
        return cls(read, private)

    @property
    def certificate_pem(self) -> bytes:
        """The certificate, which is public."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        """The private key."""
        return _private_pem(self.key)

    def issue(self, identity: Identity, hosts: tuple[str, ...], days: float) -> bytes:
        """Issue a certificate with a new private key; both, in PEM format.

        Args:
            identity: of the party, which becomes an alternative name of type URI.
            hosts: names and addresses at which others dial it, if it serves.
            days: how long the certificate lasts, at most as long as the authority's.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        names = [x509.UniformResourceIdentifier(identity.uri), *(_host(host) for host in hosts)]
        usages = [ExtendedKeyUsageOID.CLIENT_AUTH]
        if identity.role.serves:
            usages.append(ExtendedKeyUsageOID.SERVER_AUTH)
        subject, issuer, serial = _common_name(identity.name), self.certificate.subject, x509.random_serial_number()
        until = min(_in_days(days), self.certificate.not_valid_after_utc)
        certificate = (
            _draft(subject, issuer, key, serial, until)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_PRESENTED, critical=True)
            .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .sign(self.key, hashes.SHA256())
        )
        return certificate.public_bytes(serialization.Encoding.PEM) + _private_pem(key)


def _draft(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    serial: int,
    until: datetime,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(min(datetime.now(UTC), until) - CLOCK_SKEW)
        .not_valid_after(until)
    )


def _in_days(days: float) -> datetime:
    return datetime.now(UTC) + timedelta(days=days)


def _common_name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
