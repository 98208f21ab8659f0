"""The address of a web server, as it is dialled and as messages show it: its path and query may be secret."""

from typing import NamedTuple
from urllib.parse import quote, urlsplit, urlunsplit

from splitwave.common.errors import ConfigError

SCHEMES = ("http://", "https://")


class WebAddress(NamedTuple):
    """An address.

    Attributes:
        url: in ASCII.
        shown: scheme, host and port alone.
    """

    url: str
    shown: str

    @classmethod
    def parse(cls, url: str) -> "WebAddress":
        """Parse an http:// or https:// address.

        Raises:
            ConfigError: it has no host, a port that is none, or the name of a user, which is not sent.
        """
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
            ascii_host = (host or "").encode("idna").decode("ascii")
        except ValueError:  # its text has the address, and UnicodeError is one
            raise ConfigError("--out http(s)://…: the address is malformed") from None
        if not ascii_host:
            raise ConfigError("--out http(s)://…: the address has no host")
        if ":" in ascii_host:
            ascii_host = f"[{ascii_host}]"
        place = ascii_host if port is None else f"{ascii_host}:{port}"
        shown = f"{parts.scheme}://{place}"
        if "@" in parts.netloc:
            raise ConfigError(f"--out {shown}/…: an address with a user's name or password is not supported")
        path, query = (quote(part, safe="/?:@!$&'()*+,;=-._~%") for part in (parts.path, parts.query))
        return cls(urlunsplit((parts.scheme, place, path, query, "")), shown)


def shown(out: str) -> str:
    """The name of a sink as messages show it, without the secrets of an address."""
    return WebAddress.parse(out).shown if out.startswith(SCHEMES) else out
