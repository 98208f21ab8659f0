"""The durations of the services as processes: an infinite one waits until SIGTERM, and nonsense is refused by name."""

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from splitwave.common.exit_codes import ExitCode
from tests.installed_command import ENVIRONMENT
from tests.limits import LIMIT_S

pytestmark = pytest.mark.e2e  # starts programs for half a minute

NONSENSE = ("nan", "-1", "1e12", "soon")
DEVICE = ["splitwave.device", "--connect=127.0.0.1:1", "--connect-timeout=inf"]
EACH = """
import sys
from splitwave.{service}.__main__ import main
for argument in {arguments!r}:
    sys.argv = ["", *{always!r}, argument]
    try:
        print(main())
    except SystemExit as refusal:
        print(refusal.code)
"""


def exit_codes(service: str, always: list[str], arguments: list[str]) -> tuple[list[int], str]:
    """Call a service with one argument after another, in one process; returns exit codes and the log."""
    program = EACH.format(service=service, always=always, arguments=arguments)
    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=ENVIRONMENT, timeout=LIMIT_S
    )
    return [int(code) for code in answer.stdout.split()], answer.stderr


@pytest.mark.parametrize(
    ("service", "always", "options"),
    [
        ("device", ["--connect=127.0.0.1:1"], ["--connect-timeout"]),
        ("basestation", [], ["--rejoin", "--late-after", "--serve-every"]),
    ],
)
def test_nonsense_is_refused_by_name(service: str, always: list[str], options: list[str]) -> None:
    given = [(option, text) for option in options for text in NONSENSE]
    codes, log = exit_codes(service, always, [f"{option}={text}" for option, text in given])

    assert codes == [ExitCode.CONFIG] * len(given)
    for option, text in given:
        assert f"{option} {text}: expected seconds, " in log
    assert "Traceback" not in log


@pytest.mark.parametrize("text", ["nan", "-1", "1e12", "1000000000000"])
def test_other_numbers_are_refused_by_name(text: str) -> None:
    codes, log = exit_codes("device", ["--connect=127.0.0.1:1"], [f"--link={text}", f"--ready-fd={text}"])

    assert codes == [ExitCode.CONFIG] * 2
    assert f"argument --ready-fd: {text}: expected the number of an open file descriptor" in log
    whole = text.removeprefix("-").isdigit()
    refusal = (
        f"--link {text}: links are numbered from 0 to at most 63" if whole else f"--link: invalid int value: '{text}'"
    )
    assert refusal in log


@contextmanager
def running(*arguments: str | Path) -> Iterator[subprocess.Popen[str]]:
    """Run a service that logs to a pipe; its log is ASCII."""
    command = [sys.executable, "-m", *arguments]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT) as process:
        try:
            yield process
        finally:
            process.kill()


def read_until(process: subprocess.Popen[str], words: str) -> None:
    assert process.stderr is not None
    assert any(words in line for line in process.stderr), f"{words!r} is not in the log"


def stopped(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Send SIGTERM, and return the exit code and the rest of the log."""
    process.send_signal(signal.SIGTERM)
    _, log = process.communicate(timeout=LIMIT_S)
    return process.returncode, log


def test_a_device_that_waits_without_a_limit_stops_at_sigterm(tmp_path: Path) -> None:
    with running(*DEVICE, f"--state={tmp_path}") as device:
        read_until(device, "waiting for the base station")
        code, log = stopped(device)

    assert (code, "Error" in log) == (ExitCode.OK, False)


def test_a_device_that_waits_for_a_silent_listener_stops_at_sigterm(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(LIMIT_S)
        address = "{}:{}".format(*listener.getsockname())
        arguments = [f"--connect={address}", "--connect-timeout=inf", f"--state={tmp_path}"]
        with running("splitwave.device", *arguments) as device, listener.accept()[0]:
            code, log = stopped(device)

    assert (code, "Error" in log) == (ExitCode.OK, False)


def test_a_base_station_that_waits_without_a_limit_stops_at_sigterm(tmp_path: Path) -> None:
    durations = ("--rejoin=inf", "--late-after=inf", "--serve-every=inf")
    with running("splitwave.basestation", "--listen=127.0.0.1:0", *durations, f"--state={tmp_path}") as basestation:
        read_until(basestation, "serving")
        code, log = stopped(basestation)

    assert (code, "Error" in log) == (ExitCode.OK, False)
