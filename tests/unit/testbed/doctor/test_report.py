"""The report, also if a check fails itself."""

import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from splitwave.testbed.doctor.diagnosis import CHECKS, Group, examine
from splitwave.testbed.doctor.finding import Circumstances, Finding, failed, note
from splitwave.testbed.doctor.report import as_json, print_report, verdict

HERE = Circumstances(None, Path("results"))
PATH = "/a/folder/with-a-long-name/" * 5
GROUPS = (
    Group("machine", (Finding("memory", "8 GiB"), note("open files", "up to 64", "ulimit -n 1024"))),
    Group("folders", (failed("results", f"{PATH} cannot be written to:\nPermission denied", "use --results"),)),
)


def printed(width: int | None) -> str:
    text = io.StringIO()
    console = Console(file=text, force_terminal=width is not None, width=width, markup=False, highlight=False)
    assert list(print_report(GROUPS, console)) == list(GROUPS)
    return text.getvalue()


def test_every_finding_is_one_line_in_a_pipe() -> None:
    assert printed(None).splitlines() == [
        "machine",
        "  ok      memory      8 GiB",
        "  note    open files  up to 64",
        "          remedy: ulimit -n 1024",
        "folders",
        f"  FAILED  results  {PATH} cannot be written to: Permission denied",
        "          remedy: use --results",
    ]


def test_lines_fit_a_narrow_terminal_without_losing_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    lines = printed(60).splitlines()

    assert max(map(len, lines)) <= 60
    assert PATH in "".join("".join(lines).split())


def test_no_colours_are_printed_if_the_user_wants_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b[" in printed(60)

    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[" not in printed(60)


def test_a_path_of_any_bytes_can_be_printed() -> None:
    group = Group("folders", (Finding("results", "/tmp/\udcff"),))
    text = io.StringIO()
    list(print_report([group], Console(file=text)))

    assert "\\udcff" in text.getvalue()
    assert json.loads(as_json([group]))["findings"][0]["value"] == "/tmp/\udcff"
    assert as_json([group]).isascii()


def test_the_verdict_counts_the_failures() -> None:
    assert verdict(GROUPS) == "1 thing would make a command fail: see the remedies above"
    assert verdict(GROUPS[:1]) == "no problem found"


def test_json_has_every_finding() -> None:
    report = json.loads(as_json(GROUPS))

    assert report["ready"] is False
    assert report["findings"][1] == {
        "group": "machine",
        "name": "open files",
        "outcome": "note",
        "value": "up to 64",
        "remedy": "ulimit -n 1024",
    }


def test_a_check_that_fails_itself_leaves_the_others_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(_circumstances: Circumstances) -> Iterator[Finding]:
        yield Finding("first", "fine")
        raise RuntimeError("unexpected")

    monkeypatch.setattr(sys.modules[__name__], "breaks", breaks, raising=False)
    places = {"missing": "no_such_module:check", "broken": f"{__name__}:breaks", "clock": CHECKS["clock"]}
    groups = {group.name: group for group in examine(HERE, places)}

    assert [group.failures for group in groups.values()] == [1, 1, 0]
    assert groups["missing"].findings[0].value.startswith("ended with ModuleNotFoundError")
    assert [finding.value for finding in groups["broken"].findings] == ["fine", "ended with RuntimeError: unexpected"]
