"""The addresses that people write, and what gRPC is given of them."""

import pytest

from splitwave.common.errors import AddressError
from splitwave.common.runtime.address import parse_address, parse_listen_address

LONG = "s" * 108


@pytest.mark.parametrize(
    ("text", "dialled"),
    [
        ("127.0.0.1:50051", "127.0.0.1:50051"),
        ("[::1]:50051", "[::1]:50051"),
        ("[fe80::1%eth0]:50052", "[fe80::1%eth0]:50052"),
        ("base_station-2.lab:1", "base_station-2.lab:1"),
        ("basestation.lab.:50051", "basestation.lab.:50051"),  # a complete name: no search domains
        ("localhost.:50051", "localhost:50051"),
        ("bücher.example:50051", "xn--bcher-kva.example:50051"),
        ("STRAẞE.example:50051", "xn--strae-oqa.example:50051"),
        ("基站。jp:50051", "xn--3js842f.jp:50051"),
        ("dns:localhost:50051", "localhost:50051"),
        ("dns:///bücher.example:50051", "xn--bcher-kva.example:50051"),
        ("DNS:///[fe80::1%25eth0]:50051", "[fe80::1%eth0]:50051"),
        ("dns://10.0.0.2/basestation.lab:50051", "dns://10.0.0.2:53/basestation.lab:50051"),
        ("dns://10.0.0.2:5353/basestation.lab:50051", "dns://10.0.0.2:5353/basestation.lab:50051"),
        ("dns://[fd00::2]/bücher.example:50051", "dns://[fd00::2]:53/xn--bcher-kva.example:50051"),
        ("ipv4:10.0.0.1:50051", "10.0.0.1:50051"),
        ("ipv4:10.0.0.1:50051,10.0.0.2:50051", "ipv4:10.0.0.1:50051,10.0.0.2:50051"),
        ("ipv6:[fe80::1%25eth0]:50051", "[fe80::1%eth0]:50051"),
        ("ipv6:[fe80::1%eth0]:1,[fd00::1]:2", "ipv6:[fe80::1%25eth0]:1,[fd00::1]:2"),
        ("unix:/tmp/s.sock", "unix:/tmp/s.sock"),
        ("unix:///tmp/with a space.sock", "unix:///tmp/with a space.sock"),
        ("unix:here.sock", "unix:here.sock"),
        ("unix-abstract:splitwave", "unix-abstract:splitwave"),
        ("xds:///basestation", "xds:///basestation"),
    ],
)
def test_whatever_grpc_dials_is_given_to_it(text: str, dialled: str) -> None:
    assert parse_address(text, "--connect") == dialled


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "it has no port"),
        ("localhost", "it has no port"),
        ("localhost:", "it has no port"),
        ("localhost:http", "it has no port"),
        ("[::1]", "it has no port"),
        ("::1", "an IPv6 address has brackets around it, and a port behind them"),
        ("fe80::1%eth0:50052", "an IPv6 address has brackets around it, and a port behind them"),
        (":50051", "it has no host"),
        ("127.0.0.1:0", "port 0 is not from 1 to 65535"),
        ("127.0.0.1:65536", "port 65536 is not from 1 to 65535"),
        ("127.0.0.1:4294967297", "port 4294967297 is not from 1 to 65535"),
        ("localhost:５", "it has no port"),
        ("10.0.0.300:1", "Octet 300 (> 255) not permitted in '10.0.0.300'"),
        ("10.0.1:1", "Expected 4 octets in '10.0.1'"),
        ("[eth0]:1", "At least 3 parts expected in 'eth0'"),
        ("two words:1", "'two words' is not the name of a host"),
        ("two..dots:1", "'two..dots' is not the name of a host"),
        ("http://10.0.0.1:50051", "http:// is none of these forms"),
        ("tcp://10.0.0.1:50051", "tcp:// is none of these forms"),
        ("vsock:2:50051", "'vsock:2' is not the name of a host"),
        ("dns://nameserver/basestation.lab:50051", "the name server nameserver is not an IP address"),
        ("dns:///basestation.lab", "it has no port"),
        ("ipv4:[::1]:50051", "[::1] is not an IPv4 address"),
        ("ipv6:10.0.0.1:50051", "10.0.0.1 is not an IPv6 address"),
        ("unix:", "the socket has no name"),
        ("unix-abstract:", "the socket has no name"),
        ("unix://tmp/s.sock", "write unix:PATH or unix:///PATH"),
        (f"unix:{LONG}", "the name of a socket has at most 107 bytes, this one has 108"),
    ],
)
def test_what_grpc_cannot_dial_is_refused_with_the_form_and_the_reason(text: str, reason: str) -> None:
    with pytest.raises(AddressError) as error:
        parse_address(text, "--connect")
    assert str(error.value) == (
        f"--connect {text}: expected HOST:PORT, such as 127.0.0.1:50051 or [::1]:50051, or unix:PATH or "
        f"unix-abstract:NAME, or dns://SERVER/HOST:PORT ({reason})"
    )


def test_an_internationalised_name_that_cannot_exist_is_refused() -> None:
    with pytest.raises(AddressError, match=r"'ü{64}' is not the name of a host: Label too long"):
        parse_address(f"{'ü' * 64}:50051", "--connect")


@pytest.mark.parametrize(
    "text", ["127.0.0.1:0", "[fe80::1%eth0]:50052", "localhost:0", "unix:/tmp/s.sock", "unix-abstract:splitwave"]
)
def test_a_server_listens_on_hosts_and_sockets(text: str) -> None:
    assert parse_listen_address(text, "--listen") == text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("dns:///localhost:50051", "dns:// is none of these forms"),
        ("ipv4:127.0.0.1:50051", "'ipv4:127.0.0.1' is not the name of a host"),
        ("50051", "it has no port"),
        ("*:50051", "'*' is not the name of a host"),
        ("127.0.0.1:70000", "port 70000 is not from 0 to 65535"),
    ],
)
def test_a_server_refuses_forms_that_grpc_only_dials(text: str, reason: str) -> None:
    with pytest.raises(AddressError) as error:
        parse_listen_address(text, "--listen")
    assert str(error.value) == (
        f"--listen {text}: expected HOST:PORT, such as 127.0.0.1:50051 or [::1]:50051, or unix:PATH or "
        f"unix-abstract:NAME ({reason})"
    )
