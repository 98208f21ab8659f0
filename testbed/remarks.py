"""Lines beside a run: a warning before it starts, and what is to be said of its result."""

import sys

import typer

from common.summary import Summary


def print_warning(text: str | None) -> None:
    """Print a warning, if there is one, on standard error."""
    if text is not None:
        print(f"warning: {text}", file=sys.stderr)


def print_remarks(remarks: Summary) -> None:
    """Print the entry `remarks` of a summary, if there is one, a line each."""
    sentences = remarks.get("remarks", [])
    assert isinstance(sentences, list)
    for sentence in sentences:
        typer.echo(f"remark: {sentence}")
