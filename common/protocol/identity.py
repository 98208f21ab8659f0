"""The identity of a party: its role, its name and the links that it may lease, as its certificate says."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Self
from urllib.parse import parse_qs, urlsplit

from splitwave.common.errors import ProtocolError, Refusal
from splitwave.common.limits import MAX_LINKS

SCHEME = "splitwave"
NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,62}", re.ASCII)
"""The name of a party; it is the name of a folder, too."""


class Role(StrEnum):
    """The purpose of a certificate."""

    BASESTATION = "basestation"
    CHANNEL = "channel"
    DEVICE = "device"
    OPERATOR = "operator"

    @property
    def serves(self) -> bool:
        """Whether a party of this role listens, so that its certificate has the names of hosts."""
        return self in (Role.BASESTATION, Role.CHANNEL)


@dataclass(frozen=True, slots=True)
class Identity:
    """A party.

    Attributes:
        role: of the party.
        name: distinguishes it from others of its role.
        links: of a device, the links that it may lease; None for any.
        testbed: of a device, the testbed that it may lease them in; None for those that have no name.
    """

    role: Role
    name: str
    links: frozenset[int] | None = None
    testbed: str | None = None

    def __str__(self) -> str:
        """Return `device NAME`."""
        return f"{self.role} {self.name}"

    @property
    def uri(self) -> str:
        """The identity as a certificate's alternative name of type URI, such as `splitwave://device/NAME?links=0,2`."""
        links = [] if self.links is None else [f"links={','.join(map(str, sorted(self.links)))}"]
        query = [*links, *([] if self.testbed is None else [f"testbed={self.testbed}"])]
        return f"{SCHEME}://{self.role}/{self.name}{'?' if query else ''}{'&'.join(query)}"

    def may_lease(self, link: int) -> bool:
        """Whether the party may lease a link."""
        return self.role is Role.DEVICE and (self.links is None or link in self.links)

    def check_testbed(self, testbed: str | None) -> None:
        """Refuse a device of another testbed: an authority may be that of several.

        Args:
            testbed: the name of the base station's; None if it has none.

        Raises:
            ProtocolError: the device belongs to another.
        """
        if self.testbed != testbed:
            own, other = (f"testbed {name}" if name else "no testbed by name" for name in (self.testbed, testbed))
            raise ProtocolError(
                f"{self} belongs to {own} by its certificate, and this base station to {other} by its --testbed",
                Refusal.PERMISSION_DENIED,
            )

    @classmethod
    def from_uri(cls, text: str) -> Self:
        """Read an identity.

        Raises:
            ProtocolError: the text is no identity.
        """
        try:
            return cls._parsed(text)
        except ValueError as error:
            raise ProtocolError(f"{text[:200]!r} names no party: {error}", Refusal.UNAUTHENTICATED) from None

    @classmethod
    def _parsed(cls, text: str) -> Self:
        parts = urlsplit(text)
        if parts.scheme != SCHEME:
            raise ValueError(f"expected {SCHEME}://ROLE/NAME")
        role, name = Role(parts.netloc), parts.path.removeprefix("/")
        if NAME.fullmatch(name) is None:
            raise ValueError("a name has 1 to 63 letters, digits, dots, - and _")
        query = parse_qs(parts.query, keep_blank_values=True, strict_parsing=True) if parts.query else {}
        if parts.fragment or query.keys() - {"links", "testbed"} or (query and role is not Role.DEVICE):
            raise ValueError("only a device has ?links= and testbed=, and nothing else follows a name")
        links, testbed = query.get("links"), query.get("testbed")
        return cls(role, name, None if links is None else _links(links), None if testbed is None else _testbed(testbed))


def _links(values: list[str]) -> frozenset[int]:
    (text,) = values
    links = [int(part) for part in text.split(",")] if text else []
    if not all(0 <= link < MAX_LINKS for link in links):
        raise ValueError(f"links are numbered from 0 to {MAX_LINKS - 1}")
    return frozenset(links)


def _testbed(values: list[str]) -> str:
    (text,) = values
    if NAME.fullmatch(text) is None:
        raise ValueError("the name of a testbed has 1 to 63 letters, digits, dots, - and _")
    return text
