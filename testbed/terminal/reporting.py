"""Prints the outcome of a command: errors as one line and an exit code, results as a table."""

import functools
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ParamSpec

import typer

from splitwave.common.errors import OutputError, SplitwaveError
from splitwave.common.exit_codes import ExitCode
from splitwave.common.files.full_disk import is_disk_full
from splitwave.common.records.summary import Summary
from splitwave.common.runtime.standard_streams import check_output
from splitwave.common.tasks.wording import Wording
from splitwave.testbed.terminal.columns import label_rows
from splitwave.testbed.terminal.result_table import result_table

P = ParamSpec("P")
_LABEL_WIDTH = len("weights sha256")
_PICTURES = (".pdf", ".png")


def reports_errors(command: Callable[P, Path | None]) -> Callable[P, None]:
    """Decorate a command so that expected errors are printed as `error: …` on standard error, without a traceback.

    If standard output cannot be written, a command that returns the path of its results still succeeds, whereas a
    command that returns None, whose purpose is its output, fails. A reader that closes the pipe early is no failure.
    """

    @functools.wraps(command)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            _check_output(command(*args, **kwargs))
        except SplitwaveError as error:
            _print_error(f"error: {error}", error)
            raise typer.Exit(error.exit_code) from None
        except OSError as error:  # a full disk, a forbidden folder
            _print_error(f"error: {error}", error)
            raise typer.Exit(ExitCode.DISK_FULL if is_disk_full(error) else ExitCode.FAILURE) from None
        except KeyboardInterrupt as interrupt:
            _print_error("interrupted: everything that was started has been stopped", interrupt)
            raise typer.Exit(ExitCode.INTERRUPTED) from None

    return wrapper


def print_summary(summary: Summary, wording: Wording, folder: Path) -> None:
    """Print a result as a table with the task's names and units, followed by the paths of its files."""
    where = label_rows([("results", str(folder)), ("summary", str(folder / "summary.json"))], _LABEL_WIDTH)
    typer.echo("\n" + "\n".join([*result_table(summary, wording), *where]))


def print_warning(text: str | None) -> None:
    """Print a warning on standard error; None prints nothing."""
    if text is not None:
        print(f"warning: {text}", file=sys.stderr)


def print_figures(figures: Path, label_width: int = _LABEL_WIDTH) -> None:
    """Print the paths of the pictures in a folder, one per line."""
    files = sorted(str(file) for file in figures.iterdir() if file.suffix in _PICTURES)
    for line in label_rows(list(zip(["figures", *[""] * len(files)], files, strict=False)), label_width):
        typer.echo(line)


def print_next_steps(commands: Sequence[str]) -> None:
    """Print suggested commands, one per line."""
    typer.echo("\n".join(["\nnext, for example:", *(f"  {command}" for command in commands)]))


def _check_output(results: Path | None) -> None:
    try:
        check_output()
    except OutputError as error:
        if results is None:
            raise
        print(f"{error}; the results are in {results}", file=sys.stderr)


def _print_error(message: str, error: BaseException) -> None:
    # Not through rich: a path or a value may contain text that looks like markup.
    print("\n".join([message, *getattr(error, "__notes__", [])]), file=sys.stderr)
