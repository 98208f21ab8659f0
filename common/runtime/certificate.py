"""Two fields of a certificate that gRPC has verified, or that is this process's own: its number and its last moment.

Health checks use this module, so it imports the standard library alone. Certificates are made, and shown in whole, by
`splitwave certs`.
"""

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self

_INTEGER, _UTC_TIME, _VERSION = 0x02, 0x17, 0xA0
_LONG_FORM = 0x80
_END = "-----END CERTIFICATE-----"


EXPIRES_SOON = timedelta(days=7)
"""Time before its last moment, from which on a certificate counts as one that expires soon."""


def expiry_state(not_after: datetime) -> str:
    """Return `expired`, `expires soon` or `valid`."""
    left = not_after - datetime.now(UTC)
    return "expired" if left < timedelta(0) else "expires soon" if left < EXPIRES_SOON else "valid"


def revoked_numbers(text: str) -> frozenset[int]:
    """Read serial numbers in hexadecimal, one per line, with remarks behind #.

    Raises:
        ValueError: a line is none.
    """
    lines = (line.partition("#")[0].strip().replace(":", "") for line in text.splitlines())
    return frozenset(int(line, 16) for line in lines if line)


@dataclass(frozen=True, slots=True)
class Certificate:
    """The fields.

    Attributes:
        serial: its number, unique among the certificates of its authority.
        not_after: when it expires.
    """

    serial: int
    not_after: datetime

    @property
    def has_expired(self) -> bool:
        """Whether its last moment is over."""
        return expiry_state(self.not_after) == "expired"

    @classmethod
    def from_pem(cls, pem: bytes) -> Self:
        """Read the first certificate in a text.

        Raises:
            ValueError: there is none, or it is damaged.
        """
        text = pem.decode("ascii", errors="replace")
        start, end = text.find("-----BEGIN CERTIFICATE-----"), text.find(_END)
        if not 0 <= start < end:
            raise ValueError("there is no certificate in it")
        return cls.from_der(ssl.PEM_cert_to_DER_cert(text[start : end + len(_END)]))

    @classmethod
    def from_der(cls, der: bytes) -> Self:
        """RFC 5280, section 4.1: version [0], serial number, signature, issuer, validity, …."""
        try:
            fields = _elements(_elements(_elements(der)[0][1])[0][1])
            if fields[0][0] == _VERSION:
                fields = fields[1:]
            (tag, number), validity = fields[0], _elements(fields[3][1])
            if tag != _INTEGER:
                raise ValueError("it has no serial number")
            return cls(int.from_bytes(number, signed=True), _time(*validity[1]))
        except IndexError:
            raise ValueError("the certificate is damaged") from None


def _elements(content: bytes) -> list[tuple[int, bytes]]:
    """The tag and the content of each element of a sequence in DER."""
    found, position = [], 0
    while position < len(content):
        tag, size = content[position], content[position + 1]
        position += 2
        if size & _LONG_FORM:
            octets = size & ~_LONG_FORM
            size = int.from_bytes(content[position : position + octets])
            position += octets
        found.append((tag, content[position : position + size]))
        position += size
    return found


def _time(tag: int, text: bytes) -> datetime:
    """A UTCTime, whose years are 1950 to 2049, or a GeneralizedTime."""
    digits = text.decode("ascii")
    if tag == _UTC_TIME:
        digits = ("20" if digits < "50" else "19") + digits
    return datetime.strptime(digits, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
