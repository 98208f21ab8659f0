"""The logs of a board without structlog, in a process of their own."""

import json
import subprocess
import sys
from datetime import datetime

import pytest

from tests.installed_command import environment
from tests.limits import LIMIT_S

WITHOUT_STRUCTLOG = """
import sys
sys.modules["structlog"] = None
from splitwave.common.runtime.logger import bind_context, get_logger
from splitwave.common.runtime.logs import configure_logging
log = get_logger()
"""


def logged_by(code: str) -> list[str]:
    command = [sys.executable, "-c", WITHOUT_STRUCTLOG + code]
    answer = subprocess.run(command, capture_output=True, text=True, check=True, env=environment(), timeout=LIMIT_S)
    assert answer.stdout == ""
    return answer.stderr.splitlines()


def test_lines_of_json_have_the_fields_that_structlog_writes() -> None:
    code = 'configure_logging("json", "device")\nlog.info("link leased", link=3, reason=KeyError("at 100 %s"))'
    (line,) = map(json.loads, logged_by(code))

    at = datetime.fromisoformat(line.pop("timestamp"))
    assert at.tzinfo is not None
    assert line == {
        "event": "link leased",
        "level": "info",
        "role": "device",
        "link": 3,
        "reason": "'at 100 %s'",
    }


def test_later_lines_carry_what_was_bound() -> None:
    code = 'configure_logging("console", "device")\nbind_context(links="0-3")\nlog.warning("100 %d late", s=2)'
    (line,) = logged_by(code)

    assert line.endswith(" [warning ] 100 %d late s=2 role=device links=0-3")


def test_an_exception_comes_with_its_traceback() -> None:
    code = 'configure_logging("json", "device")\ntry:\n    1 / 0\nexcept ZeroDivisionError:\n    log.exception("a bug")'
    (line,) = map(json.loads, logged_by(code))

    assert (line["event"], line["level"]) == ("a bug", "error")
    assert line["exception"].startswith("Traceback (most recent call last):")
    assert line["exception"].endswith("ZeroDivisionError: division by zero")


@pytest.mark.parametrize(("call", "shown"), [("warning", ["lost code=UNAVAILABLE"]), ("info", [])])
def test_a_program_that_configures_nothing_sees_warnings_alone(call: str, shown: list[str]) -> None:
    assert logged_by(f'log.{call}("lost", code="UNAVAILABLE")') == shown


def test_a_program_that_configures_logging_receives_the_lines() -> None:
    code = 'import logging\nlogging.basicConfig(level="INFO", format="%(name)s: %(message)s")\nlog.info("lost", link=1)'
    assert logged_by(code) == ["splitwave: lost link=1"]
