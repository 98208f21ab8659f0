"""`splitwave certs`."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from splitwave.common.exit_codes import ExitCode
from splitwave.testbed.cli import app


def certs(*arguments: object) -> tuple[int, list[list[str]], str]:
    """The exit code, the cells of the table, and all that was printed."""
    answer = CliRunner().invoke(app, ["certs", *map(str, arguments)])
    return answer.exit_code, [line.split() for line in answer.stdout.splitlines()], answer.output


def test_a_testbed_gets_certificates_for_each_party(tmp_path: Path) -> None:
    code, table, _ = certs("init", tmp_path, "--host", "10.0.0.1", "--devices", 1, "--device", "rack:0-2,5")
    assert code == ExitCode.OK
    assert [row[:3] for row in table[1:6]] == [
        ["basestation", "basestation", "-"],
        ["channel", "channel", "-"],
        ["device-0", "device", "0"],
        ["operator", "operator", "-"],
        ["rack", "device", "0,1,2,5"],
    ]
    assert table[1][6:10] == ["localhost", "127.0.0.1", "::1", "10.0.0.1"]


def test_show_marks_revoked_certificates_and_those_that_expire(tmp_path: Path) -> None:
    certs("init", tmp_path)
    certs("renew", tmp_path, "device-1", "--days", 2)
    code, _, output = certs("revoke", tmp_path, "device-0")
    assert code == ExitCode.OK
    assert "certs renew" in output
    _, table, _ = certs("show", tmp_path)
    states = {row[0]: " ".join(row[5:7]) for row in table[1:]}
    assert states["device-0"] == "revoked -"
    assert states["device-1"] == "expires soon"
    assert states["operator"] == "valid -"
    assert certs("show", tmp_path / "device-0")[1][1][:6] == next(row for row in table if row[0] == "device-0")[:6]


@pytest.mark.parametrize("name", ["ca.key", "ca.pem", "revoked.txt"])
def test_a_device_has_no_name_of_the_authoritys_files(name: str, tmp_path: Path) -> None:
    assert certs("init", tmp_path)[0] == ExitCode.OK
    before = sorted(tmp_path.rglob("*"))
    code, _, output = certs("add", tmp_path, name)
    assert (code, name in output) == (ExitCode.CONFIG, True)
    assert sorted(tmp_path.rglob("*")) == before


def test_more_devices_are_added(tmp_path: Path) -> None:
    certs("init", tmp_path, "--devices", 0)
    assert certs("add", tmp_path, "board:3", "any")[0] == ExitCode.OK
    _, table, _ = certs("show", tmp_path)
    assert [row[2] for row in table if row[1] == "device"] == ["any", "3"]


def test_devices_have_the_testbed_that_they_are_for_and_keep_it(tmp_path: Path) -> None:
    certs("init", tmp_path, "--devices", 1, "--testbed", "a")
    assert certs("add", tmp_path, "board:3", "--testbed", "b")[0] == ExitCode.OK
    assert certs("renew", tmp_path)[0] == ExitCode.OK
    _, table, _ = certs("show", tmp_path)
    assert {row[0]: row[-2] for row in table[1:]} == {
        "basestation": "-",
        "board": "b",
        "channel": "-",
        "device-0": "a",
        "operator": "-",
    }
    assert certs("add", tmp_path, "other", "--testbed", "a b")[0] == ExitCode.CONFIG


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--host", "a b"], "--host a b: expected the name or the IP address of a host"),
        (["--host", "10.0.0.1:50051"], "--host 10.0.0.1:50051: expected the name"),
        (["--device", "../x"], "--device ../x: a name has 1 to 63 letters"),
        (["--device", "a:9-1"], "--device a: 9-1: 9-1: links ascend"),
        (["--device", "channel"], "--device channel: two parties have this name"),
        (["--testbed", "a/b"], "--testbed a/b: a name has 1 to 63 letters"),
    ],
)
def test_a_wrong_option_is_named_and_nothing_is_written(arguments: list[str], problem: str, tmp_path: Path) -> None:
    folder = tmp_path / "certificates"
    code, _, output = certs("init", folder, *arguments)
    assert code == ExitCode.CONFIG
    assert output.startswith(f"error: {problem}")
    assert not folder.exists()


def test_a_folder_without_certificates_is_an_error(tmp_path: Path) -> None:
    for command in (["show", tmp_path], ["renew", tmp_path], ["revoke", tmp_path, "a"], ["add", tmp_path, "b"]):
        code, _, output = certs(*command)
        assert code == ExitCode.CONFIG
        assert output.startswith("error: ")
