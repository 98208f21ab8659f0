"""How the command line ends: errors as one clear line and an exit code, results as a table."""

import functools
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import ParamSpec

import typer

from common.errors import OutputError, SplitwaveError
from common.exit_codes import ExitCode
from common.full_disk import is_disk_full
from common.standard_streams import check_output
from common.summary import Summary

P = ParamSpec("P")


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


def print_summary(summary: Summary, folder: Path) -> None:
    """Print a result, one number a line, and where it is."""
    rows = {**_rows(summary), "results": str(folder)}
    width = max(map(len, rows))
    typer.echo("\n" + "\n".join(f"{name:<{width}}  {value}" for name, value in rows.items()))


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


def _rows(summary: Summary) -> dict[str, str]:
    rows = {}
    for name, value in summary.items():
        parts = _parts(value)
        for part, number in parts.items():
            rows[f"{name} {part}".rstrip()] = _cell(number)
    return rows


def _parts(value: object) -> Mapping[str, object]:
    """What a summary's entry has a row of its own for: each number of a section, each β of `by_beta`."""
    if isinstance(value, Mapping):
        return value
    if isinstance(value, list):
        return {" ".join(str(beta) for beta in each["betas"]): _without_betas(each) for each in value}
    return {"": value}


def _without_betas(row: Summary) -> Summary:
    return {name: value for name, value in row.items() if name != "betas"}


def _cell(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_cell(number)}" for name, number in value.items())
    return f"{value:.6g}" if isinstance(value, float) else str(value)
