"""The report of a diagnosis: a table for people, which fits narrow terminals, or JSON for programs."""

import json
import textwrap
from collections.abc import Iterable, Iterator, Sequence

from rich.console import Console
from rich.text import Text

from splitwave.testbed.doctor.diagnosis import Group
from splitwave.testbed.doctor.finding import Finding, Outcome

_STYLES = {Outcome.OK: "green", Outcome.NOTE: "yellow", Outcome.FAILED: "red"}
_OUTCOME_WIDTH = max(map(len, Outcome))
_INDENT = 2 + _OUTCOME_WIDTH + 2
_LEAST_TEXT_WIDTH = 20
"""Least number of columns for a text; in a narrower terminal the lines are longer than the terminal."""


def print_report(groups: Iterable[Group], console: Console) -> Iterator[Group]:
    """Print each group as soon as it is examined, and yield it again."""
    for group in groups:
        console.print(Text(group.name), soft_wrap=True)
        name_width = max((len(finding.name) for finding in group.findings), default=0)
        for finding in group.findings:
            for line in _lines(finding, name_width, console.width if console.is_terminal else None):
                console.print(line, soft_wrap=True)
        yield group


def verdict(groups: Sequence[Group]) -> str:
    """Summarise a diagnosis in one sentence."""
    failures = sum(group.failures for group in groups)
    if not failures:
        return "no problem found"
    things = "1 thing would make a command fail" if failures == 1 else f"{failures} things would make a command fail"
    return f"{things}: see the remedies above"


def as_json(groups: Sequence[Group]) -> str:
    """Return a diagnosis as a JSON object in ASCII: a path in it may have any bytes."""
    findings = [
        {
            "group": group.name,
            "name": finding.name,
            "outcome": finding.outcome.lower(),
            "value": finding.value,
            "remedy": finding.remedy,
        }
        for group in groups
        for finding in group.findings
    ]
    return json.dumps({"ready": not any(group.failures for group in groups), "findings": findings}, indent=2)


def _lines(finding: Finding, name_width: int, width: int | None) -> Iterator[Text]:
    """Format a finding; without a width, as in a pipe, every text stays on one line so that it can be searched."""
    name = f"{finding.name:<{name_width}}  "
    first, *others = _wrapped(f"{name}{finding.value}", width)
    yield Text.assemble((f"  {finding.outcome:<{_OUTCOME_WIDTH}}  ", _STYLES[finding.outcome]), first)
    for line in others:
        yield Text(" " * _INDENT + line)
    if finding.remedy is not None:
        for line in _wrapped(f"remedy: {finding.remedy}", width):
            yield Text(" " * _INDENT + line)


def _wrapped(text: str, width: int | None) -> list[str]:
    # A line of an error message must not begin a line of the table, and a path may hold bytes that are no text.
    text = " ".join(text.splitlines()).encode(errors="backslashreplace").decode()
    if width is None:
        return [text]
    columns = max(width - _INDENT, _LEAST_TEXT_WIDTH)
    return textwrap.wrap(text, columns, subsequent_indent="  ", break_on_hyphens=False) or [""]
