"""Output on terminals that lack a letter, or colors."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from splitwave.common.exit_codes import ExitCode
from tests.installed_command import ENVIRONMENT

LENIENT = """
import sys
from splitwave.common.runtime.standard_streams import make_streams_lenient
make_streams_lenient()
make_streams_lenient()
for stream in (sys.stdout, sys.stderr):
    print({text}, file=stream)
"""
LOGGING = """
import structlog
from splitwave.common.runtime.logs import configure_logging
configure_logging("console", "device")
structlog.get_logger().warning("waiting")
"""
LETTERS = "µ × – β → 層"


@pytest.mark.parametrize(
    ("encoding", "printed"),
    [
        ("utf-8", LETTERS.encode()),
        ("latin-1", b"\xb5 \xd7 - beta -> \\u5c64"),
        ("ascii", b"u x - beta -> \\u5c64"),
        ("latin-1:strict", b"\xb5 \xd7 - beta -> \\u5c64"),
    ],
)
def test_a_letter_that_the_encoding_lacks_is_replaced(encoding: str, printed: bytes) -> None:
    program = LENIENT.format(text=ascii(LETTERS))
    answer = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        check=True,
        env=ENVIRONMENT | {"PYTHONIOENCODING": encoding},
    )

    assert (answer.stdout, answer.stderr) == (printed + b"\n", printed + b"\n")


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_a_file_name_that_is_no_text_is_printed_byte_by_byte(encoding: str) -> None:
    program = LENIENT.format(text="sys.argv[1]")
    answer = subprocess.run(
        [sys.executable, "-c", program, b"results/\xff"],
        capture_output=True,
        check=True,
        env=ENVIRONMENT | {"PYTHONIOENCODING": encoding},
    )

    assert (answer.stdout, answer.stderr) == (b"results/\xff\n", b"results/\xff\n")


def on_terminal(program: str, **variables: str) -> bytes:
    """Run a program on a terminal of its own; returns the text that the terminal receives."""
    ours, its = pty.openpty()
    environment = {name: value for name, value in ENVIRONMENT.items() if name not in ("NO_COLOR", "FORCE_COLOR")}
    try:
        subprocess.run([sys.executable, "-c", program], stderr=its, check=True, env=environment | variables)
        return os.read(ours, 65_536)
    finally:
        os.close(ours)
        os.close(its)


def test_a_log_has_colors_on_a_terminal_that_shows_them() -> None:
    assert b"\x1b[" in on_terminal(LOGGING, TERM="xterm")


@pytest.mark.parametrize(("variable", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_a_log_has_no_colors_where_they_are_unwanted(variable: str, value: str) -> None:
    shown = on_terminal(LOGGING, **{"TERM": "xterm", variable: value})

    assert (b"waiting" in shown, b"\x1b" in shown) == (True, False)


@pytest.mark.parametrize("redirection", [">&-", ">&- 2>&-", "> /dev/full"])
def test_a_service_prints_its_help_to_a_stream_that_takes_none(redirection: str) -> None:
    command = ["bash", "-c", f'exec "$0" "$@" {redirection}', sys.executable, "-m", "splitwave.channel", "--help"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False, env=ENVIRONMENT, cwd=Path("/"))

    assert (answer.returncode, answer.stderr) == (ExitCode.OK, "")
