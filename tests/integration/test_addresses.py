"""Addresses of every form: a server listens there, and its health check dials it."""

import asyncio
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from splitwave.common.errors import AddressError
from splitwave.common.exit_codes import ExitCode
from splitwave.common.runtime.address import parse_listen_address
from splitwave.common.runtime.healthcheck import main as check_health
from splitwave.common.runtime.server import serving
from tests.limits import LIMIT_S
from tests.name_server import NameServer

ROOT = Path(__file__).parents[2]
PRIVATE_MOUNTS = ("unshare", "--mount", "--propagation=private")


def dial(listen: str, *dialled: str) -> tuple[str, list[int]]:
    """Listen at an address and dial others, in which {} is the port; returns what was bound, and the exit codes."""

    async def scenario() -> tuple[str, list[int]]:
        async with serving(parse_listen_address(listen, "--listen"), lambda _: None, []) as bound:
            targets = [target.replace("{}", bound.rpartition(":")[2]) for target in dialled]
            return bound, [await asyncio.to_thread(check_health, [target]) for target in targets]

    return asyncio.run(scenario())


def link_local_addresses() -> list[str]:
    """The link-local IPv6 addresses of this machine, with their zones."""
    table = Path("/proc/net/if_inet6")
    lines = table.read_text(encoding="ascii").splitlines() if table.exists() else []
    parts = [line.split() for line in lines]
    return [
        ":".join(digits[at : at + 4] for at in range(0, 32, 4)) + f"%{interface}"
        for digits, _, _, scope, _, interface in parts
        if scope == "20"
    ]


@pytest.mark.parametrize(
    "target",
    ["127.0.0.1:{}", "localhost:{}", "localhost.:{}", "LOCALHOST:{}", "dns:///localhost:{}", "ipv4:127.0.0.1:{}"],
)
def test_the_forms_of_a_loopback_address_are_dialled(target: str) -> None:
    assert dial("127.0.0.1:0", target)[1] == [0]


def test_an_ipv6_address_is_dialled() -> None:
    bound, exits = dial("[::1]:0", "[::1]:{}", "ipv6:[::1]:{}", "dns:///[::1]:{}")
    assert bound.startswith("[::1]:")
    assert exits == [0, 0, 0]


def test_an_ipv6_address_with_a_zone_is_listened_on_and_dialled() -> None:
    found = link_local_addresses()
    if not found:
        pytest.skip("this machine has no link-local address")
    for address in found:
        bound, exits = dial(f"[{address}]:0", f"[{address}]:{{}}", f"ipv6:[{address}]:{{}}")
        assert bound.startswith(f"[{address}]:")
        assert exits == [0, 0]


@pytest.mark.parametrize(("scheme", "name"), [("unix:", "{}/s.sock"), ("unix://", "{}/a space.sock")])
def test_a_unix_socket_is_listened_on_and_dialled(scheme: str, name: str, tmp_path: Path) -> None:
    address = scheme + name.format(tmp_path)
    assert dial(address, address) == (address, [0])
    assert not list(tmp_path.iterdir())


def test_an_abstract_socket_is_listened_on_and_dialled(tmp_path: Path) -> None:
    address = f"unix-abstract:{tmp_path}"
    assert dial(address, address) == (address, [0])


@pytest.mark.parametrize("name", ["bücher.example", "basestation.lab.", "basestation.lab"])
def test_a_name_is_looked_up_at_the_name_server_of_the_address(name: str) -> None:
    with NameServer() as names:
        for known in ("xn--bcher-kva.example", "basestation.lab"):
            names.point(known, "127.0.0.1")
        assert dial("127.0.0.1:0", f"dns://{names.address}/{name}:{{}}")[1] == [0]


@pytest.mark.parametrize("form", ["unix:{}/s.sock", "unix-abstract:{}"])
def test_a_socket_that_a_server_has_is_not_taken_from_it(form: str, tmp_path: Path) -> None:
    address = form.format(tmp_path)

    async def scenario() -> int:
        async with serving(address, lambda _: None, []):
            with pytest.raises(AddressError) as error:
                async with serving(address, lambda _: None, []):
                    pass
            assert str(error.value) == f"cannot listen on {address}: another server has it"
            return await asyncio.to_thread(check_health, [address])

    assert asyncio.run(scenario()) == 0


def test_the_socket_that_a_killed_server_left_behind_is_used_again(tmp_path: Path) -> None:
    path = tmp_path / "s.sock"
    code = f"import socket; socket.socket(socket.AF_UNIX).bind({str(path)!r})"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=LIMIT_S)
    assert path.is_socket()
    assert dial(f"unix:{path}", f"unix:{path}")[1] == [0]


def test_a_file_in_the_place_of_a_socket_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "notes"
    file.write_text("keep", encoding="utf-8")
    for path in (file, tmp_path / "missing" / "s.sock"):
        with pytest.raises(AddressError, match="its folder cannot be written, or a file that is not a socket"):
            dial(f"unix:{path}")
    assert file.read_text(encoding="utf-8") == "keep"


def test_a_malformed_address_of_a_health_check_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert check_health(["::1"]) == ExitCode.ADDRESS
    assert capsys.readouterr().err.startswith("address ::1: expected HOST:PORT, such as ")


def run_with_hosts(tmp_path: Path, hosts: str, code: str) -> Sequence[str]:
    """Run code in a process that reads these lines as /etc/hosts; returns the lines that it prints."""
    if subprocess.run([*PRIVATE_MOUNTS, "true"], capture_output=True, check=False).returncode:
        pytest.skip("a mount namespace of one's own requires root")
    file = tmp_path / "hosts"
    file.write_text(hosts, encoding="ascii")
    script = f'mount --bind "{file}" /etc/hosts && exec "{sys.executable}" -c "$0"'
    command = [*PRIVATE_MOUNTS, "sh", "-c", script, code]
    answer = subprocess.run(command, capture_output=True, text=True, check=True, timeout=LIMIT_S, cwd=ROOT)
    return answer.stdout.splitlines()


def test_a_local_host_that_is_the_ipv6_loopback_alone_is_listened_on_and_dialled(tmp_path: Path) -> None:
    code = (
        "from tests.integration.test_addresses import dial\n"
        "for listen in ('localhost:0', '[::1]:0'):\n"
        "    print(dial(listen, 'localhost:{}', 'localhost.:{}', 'board:{}', 'board.:{}')[1])"
    )
    lines = run_with_hosts(tmp_path, "::1 localhost\n::1 board\n", code)
    assert lines == ["[0, 0, 0, 0]", "[0, 0, 0, 0]"]
