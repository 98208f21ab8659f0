"""Every command on terminals of all kinds: other encodings, few columns, no colors."""

import asyncio
import subprocess
import sys

import pytest

from splitwave.common.exit_codes import ExitCode
from splitwave.common.wire.pb import control_pb2 as pb
from tests.installed_command import ENVIRONMENT, SPLITWAVE
from tests.unit.testbed.test_control_client import ScriptedControl, ask

pytestmark = pytest.mark.e2e  # starts programs, or trains, for half a minute

TERMINALS = {
    "latin-1": {"PYTHONIOENCODING": "latin-1"},
    "ascii": {"PYTHONIOENCODING": "ascii"},
    "C locale": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "dumb": {"TERM": "dumb", "NO_COLOR": "1", "COLUMNS": "60"},
}
EVERY_COMMAND = """
import sys
import typer
from splitwave.common.runtime.standard_streams import make_streams_lenient
from splitwave.basestation.__main__ import main as basestation
from splitwave.channel.__main__ import main as channel
from splitwave.device.__main__ import main as device
from splitwave.experiments.choose_settings import main as choose_settings
from splitwave.experiments.vddib_sr.__main__ import main as vddib_sr
from splitwave.testbed.cli import app

def paths(command, path=()):
    yield path
    for name, below in getattr(command, "commands", {}).items():
        if name not in ("device", "channel", "basestation"):
            yield from paths(below, (*path, name))

def expect_success(program, *arguments):
    sys.argv = ["splitwave", *arguments]
    try:
        program()
    except SystemExit as end:
        if end.code:
            raise RuntimeError(f"{program} {arguments} exits with {end.code}") from None

make_streams_lenient()
for path in paths(typer.main.get_command(app)):
    expect_success(app, *path, "--help")
for command in ("config show", "config schema", "experiment list"):
    expect_success(app, *command.split())
for service in (basestation, channel, device, choose_settings, vddib_sr):
    expect_success(service, "--help")
"""
LINK = pb.LinkStatus(device_id="board-with-a-long-name.lab.example.org-1234", peer="ipv4:10.123.234.12:12345", beta=0.5)
SERVING = pb.RunStatus(stage=pb.STAGE_SERVING, run_id="r", links=[LINK])


@pytest.mark.needs_torch
@pytest.mark.parametrize("terminal", TERMINALS)
def test_every_command_prints(terminal: str) -> None:
    answer = subprocess.run(
        [sys.executable, "-c", EVERY_COMMAND],
        capture_output=True,
        check=False,
        env={name: value for name, value in ENVIRONMENT.items() if name != "PYTHONIOENCODING"} | TERMINALS[terminal],
    )

    assert (answer.returncode, answer.stderr) == (ExitCode.OK, b"")
    assert b"usage: splitwave device" in answer.stdout
    assert b"\x1b" not in answer.stdout


async def output_of(address: str, command: str, terminal: str) -> bytes:
    process = await asyncio.create_subprocess_exec(
        SPLITWAVE, *command.split(), "--address", address,
        env=ENVIRONMENT | TERMINALS[terminal], stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output, errors = await process.communicate()
    assert (process.returncode, errors) == (ExitCode.OK, b"")
    return output


def test_beta_is_spelled_where_the_letter_is_missing() -> None:
    def shown(command: str) -> bytes:
        control = ScriptedControl(pb.RunEvent(status=SERVING))
        return ask(lambda address: output_of(address, command, "latin-1"), control)

    assert shown("beta show") == b"link 0  beta 0.5\n"
    assert b"| beta" in shown("status")


def test_in_a_pipe_the_status_of_a_link_is_one_line_whatever_the_width() -> None:
    control = ScriptedControl(pb.RunEvent(status=SERVING))
    output = ask(lambda address: output_of(address, "status", "dumb"), control).decode()

    (line,) = (line for line in output.splitlines() if LINK.device_id in line)
    assert [cell.strip() for cell in line.split("│")[1:-1]] == ["0", LINK.device_id, LINK.peer, "no", "no", "0", "0.5"]
