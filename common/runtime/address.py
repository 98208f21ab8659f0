"""Addresses in the forms that gRPC dials and listens on, read from what people write.

Health checks use this module, so it imports nothing but the standard library; a name that is not ASCII takes `idna`.
"""

import re
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import quote, unquote

from splitwave.common.errors import AddressError

HIGHEST_PORT = 65_535

_LONGEST_SOCKET_BYTES = 107  # of `sun_path`, less the zero at its end
_LONGEST_NAME = 253
_DNS_PORT = 53
_BOUND = "HOST:PORT, such as 127.0.0.1:50051 or [::1]:50051, or unix:PATH or unix-abstract:NAME"
_DIALLED = f"{_BOUND}, or dns://SERVER/HOST:PORT"
_LABEL = r"[A-Za-z0-9_-]{1,63}"
_NAME = re.compile(rf"{_LABEL}(\.{_LABEL})*\.?")
_NUMERIC = re.compile(r"([^.]*\.)*[0-9]+\.?")  # a name whose last label is a number can only be an IPv4 address
_SOCKETS = ("unix", "unix-abstract")


def parse_address(text: str, option: str) -> str:
    """Check the address of a peer, and return it in the form that gRPC dials.

    A name may be internationalised. `dns://SERVER/…` asks a name server other than the machine's.

    Args:
        text: the address.
        option: the option that it was given with, for the error.

    Raises:
        AddressError: gRPC cannot dial such an address.
    """
    try:
        return _dialled(text)
    except ValueError as error:
        raise AddressError(f"{option} {text}: expected {_DIALLED} ({error})") from None


def parse_listen_address(text: str, option: str) -> str:
    """Check an address to listen on, whose port 0 takes a free one, and return it in the form that gRPC binds.

    Args:
        text: the address.
        option: the option that it was given with, for the error.

    Raises:
        AddressError: gRPC cannot listen on such an address.
    """
    try:
        return _socket(text) if is_socket(text) else _host_and_port(text, lowest_port=0)
    except ValueError as error:
        raise AddressError(f"{option} {text}: expected {_BOUND} ({error})") from None


def is_socket(address: str) -> bool:
    """Whether an address is a Unix socket, which has no port."""
    return _scheme(address) in _SOCKETS


def socket_name(address: str) -> str:
    """Return the name of a Unix socket as the operating system takes it: a path, or in the abstract zero and a name."""
    scheme, _, name = address.partition(":")
    path = unquote(name.removeprefix("//"))
    return f"\0{path}" if scheme.lower() == "unix-abstract" else path


def _scheme(text: str) -> str:
    scheme, colon, _ = text.partition(":")
    return scheme.lower() if colon else ""


def _dialled(text: str) -> str:
    scheme, rest = _scheme(text), text.partition(":")[2]
    match scheme:
        case "unix" | "unix-abstract":
            return _socket(text)
        case "dns":
            return _looked_up(rest)
        case "ipv4" | "ipv6":
            return _listed(scheme, rest.split(","))
        case "xds":  # its own configuration says whom it dials
            return text
        case _:
            return _host_and_port(text)


def _socket(text: str) -> str:
    """`unix:PATH`, `unix:///PATH` or `unix-abstract:NAME`."""
    scheme, _, name = text.partition(":")
    if name.startswith("//") and not name.startswith("///"):
        raise ValueError(f"write {scheme}:PATH or {scheme}:///PATH")
    size = len(socket_name(text).encode())
    if size <= (scheme.lower() != "unix"):
        raise ValueError("the socket has no name")
    if size > _LONGEST_SOCKET_BYTES:
        raise ValueError(f"the name of a socket has at most {_LONGEST_SOCKET_BYTES} bytes, this one has {size}")
    return f"{scheme.lower()}:{name}"


def _looked_up(rest: str) -> str:
    """`dns:HOST:PORT`, `dns:///HOST:PORT` or `dns://SERVER/HOST:PORT`, the server with or without a port."""
    server, name = "", rest
    if rest.startswith("//"):
        server, _, name = rest.removeprefix("//").partition("/")
    target = _host_and_port(unquote(name))
    return f"dns://{_server(server)}/{quote(target, safe=':[]')}" if server else target


def _server(text: str) -> str:
    """A name server's address with its port, 53 by default; a name of its own would have to be looked up first."""
    bare = text.removeprefix("[").removesuffix("]")
    if _is_address(bare):
        return f"[{bare}]:{_DNS_PORT}" if ":" in bare else f"{bare}:{_DNS_PORT}"
    if not _is_address(text.rpartition(":")[0].removeprefix("[").removesuffix("]")):
        raise ValueError(f"the name server {text} is not an IP address")
    return _host_and_port(text)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _listed(scheme: str, addresses: list[str]) -> str:
    """`ipv4:ADDRESS:PORT` or `ipv6:[ADDRESS]:PORT`; gRPC takes the first that answers of several with commas."""
    checked = [_host_and_port(unquote(address)) for address in addresses]
    for address in checked:
        host = address.rpartition(":")[0]
        if not (host.startswith("[") if scheme == "ipv6" else _is_address(host)):
            raise ValueError(f"{host} is not an {scheme.replace('ip', 'IP')} address")
    return checked[0] if len(checked) == 1 else f"{scheme}:{','.join(quote(each, safe=':[]') for each in checked)}"


def _host_and_port(text: str, lowest_port: int = 1) -> str:
    match = re.fullmatch(r"(\[[^\[\]]*\]|[^\[\]:]*):([0-9]+)", text)
    if match is None:
        raise ValueError(_what_is_wrong(text))
    host, port = match.groups()
    if len(port) > len(str(HIGHEST_PORT)) or not lowest_port <= int(port) <= HIGHEST_PORT:
        raise ValueError(f"port {port} is not from {lowest_port} to {HIGHEST_PORT}")
    return f"{_host(host)}:{int(port)}"


def _what_is_wrong(text: str) -> str:
    host, _, port = text.rpartition(":")
    if text.count(":") > 1 and (_is_address(text) or _is_address(host)):
        return "an IPv6 address has brackets around it, and a port behind them"
    if "://" in text:
        return f"{text.partition('://')[0]}:// is none of these forms"
    return f"{host!r} is not the name of a host" if host and re.fullmatch("[0-9]+", port) else "it has no port"


def _host(host: str) -> str:
    """A host's name or address as gRPC takes it.

    gRPC finds no name with a dot at its end in /etc/hosts, not even `localhost.`. Names of one label are those of
    hosts files, and lose the dot; in names of several labels it tells name servers that the name is complete.
    """
    if not host:
        raise ValueError("it has no host")
    if host.startswith("["):
        IPv6Address(host[1:-1])
        return host
    name = host if host.isascii() else _in_ascii(host)
    if _NUMERIC.fullmatch(name):
        return str(IPv4Address(name))
    if not _NAME.fullmatch(name) or len(name) > _LONGEST_NAME:
        raise ValueError(f"{host!r} is not the name of a host")
    return name.removesuffix(".") if name.count(".") == 1 else name


def _in_ascii(name: str) -> str:
    """`xn--bcher-kva.example` of `bücher.example`."""
    import idna  # noqa: PLC0415 — hardly any name needs its tables

    try:
        return idna.encode(name, uts46=True).decode("ascii")
    except idna.IDNAError as error:
        raise ValueError(f"{name!r} is not the name of a host: {error}") from None
