"""`splitwave status` without a reachable base station."""

from pathlib import Path

from splitwave.common.exit_codes import ExitCode
from tests.unit.testbed.commands.command_line import assert_refused, splitwave


def test_status_without_a_running_testbed_names_the_searched_folder(results: Path) -> None:
    result = splitwave("status", "--results", results)

    assert_refused(result, ExitCode.UNREACHABLE, f"no testbed is running whose results go to {results}")


def test_the_status_of_a_malformed_address_is_refused() -> None:
    assert_refused(splitwave("status", "--address", "here"), ExitCode.ADDRESS, "--address here: expected HOST:PORT")


def test_the_status_at_an_address_where_nobody_listens_is_an_error() -> None:
    result = splitwave("status", "--address", "127.0.0.1:1")

    assert_refused(result, ExitCode.UNREACHABLE, "no base station answered at 127.0.0.1:1: ")
