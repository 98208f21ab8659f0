"""How the command line ends: errors as one clear line and an exit code, results as a table."""

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
    """Make a command print what a user can mend as `error: …` on standard error, without a traceback.

    A command that returns where its results are has done its work even if standard output did not take what it
    printed; one that returns None was asked to print, and fails. A reader that left early is no failure of either.
    """

    @functools.wraps(command)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            _check_output(command(*args, **kwargs))
        except SplitwaveError as error:
            _complain(f"error: {error}", error)
            raise typer.Exit(error.exit_code) from None
        except OSError as error:  # a full disk, a forbidden folder
            _complain(f"error: {error}", error)
            raise typer.Exit(ExitCode.DISK_FULL if is_disk_full(error) else ExitCode.FAILURE) from None
        except KeyboardInterrupt as interrupt:
            _complain("interrupted: everything that was started has been stopped", interrupt)
            raise typer.Exit(ExitCode.INTERRUPTED) from None

    return wrapper


def print_summary(summary: Summary, wording: Wording, folder: Path) -> None:
    """Print a result as a table in the words of its task, and where it is."""
    where = label_rows([("results", str(folder)), ("summary", str(folder / "summary.json"))], _LABEL_WIDTH)
    typer.echo("\n" + "\n".join([*result_table(summary, wording), *where]))


def print_warning(text: str | None) -> None:
    """Print a warning, if there is one, on standard error."""
    if text is not None:
        print(f"warning: {text}", file=sys.stderr)


def print_figures(figures: Path, label_width: int = _LABEL_WIDTH) -> None:
    """Print where the pictures in a folder are, a line each."""
    files = sorted(str(file) for file in figures.iterdir() if file.suffix in _PICTURES)
    for line in label_rows(list(zip(["figures", *[""] * len(files)], files, strict=False)), label_width):
        typer.echo(line)


def print_next_steps(commands: Sequence[str]) -> None:
    """Print what the user may do now."""
    typer.echo("\n".join(["\nnext, for example:", *(f"  {command}" for command in commands)]))


def _check_output(results: Path | None) -> None:
    try:
        check_output()
    except OutputError as error:
        if results is None:
            raise
        print(f"{error}; the results are in {results}", file=sys.stderr)


def _complain(message: str, error: BaseException) -> None:
    # Not through rich: a path or a value may hold what it takes for markup.
    print("\n".join([message, *getattr(error, "__notes__", [])]), file=sys.stderr)
