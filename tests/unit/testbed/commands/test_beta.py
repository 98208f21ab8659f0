"""`splitwave beta` without a reachable base station, and its arguments."""

import os
from contextlib import ExitStack
from pathlib import Path

import pytest

from splitwave.common.exit_codes import ExitCode
from splitwave.testbed.processes.announcement import Announcement
from tests.unit.testbed.commands.command_line import assert_refused, splitwave


@pytest.mark.parametrize("command", [("set", "0.5"), ("show",)])
def test_beta_commands_refuse_what_they_cannot_reach(results: Path, command: tuple[str, ...]) -> None:
    nothing = splitwave("beta", *command, "--results", results)
    assert_refused(nothing, ExitCode.UNREACHABLE, f"no testbed is running whose results go to {results}")
    nowhere = splitwave("beta", *command, "--address", "127.0.0.1:1")
    assert_refused(nowhere, ExitCode.UNREACHABLE, "no base station answered at 127.0.0.1:1: ")
    malformed = splitwave("beta", *command, "--address", "here")
    assert_refused(malformed, ExitCode.ADDRESS, "--address here: expected HOST:PORT")
    both = splitwave("beta", *command, "--address", "127.0.0.1:1", "--engine", "compose")
    assert_refused(both, ExitCode.CONFIG, "--address 127.0.0.1:1: not allowed with --engine compose")
    engine = splitwave("beta", *command, "--engine", "inprocess")
    assert_refused(engine, ExitCode.CONFIG, "the inprocess engine has no `beta`")


def test_beta_set_with_several_running_testbeds_asks_for_an_address(results: Path) -> None:
    with ExitStack() as running:
        for number in (1, 2):
            logs = results / "demo" / f".{number}.partial" / "logs"
            logs.mkdir(parents=True)
            announcement = Announcement("hash", f"127.0.0.1:{number}", "", {"splitwave": os.getpid()})
            running.enter_context(announcement.published(logs))

        result = splitwave("beta", "set", "0.5", "--results", results)

    assert_refused(result, ExitCode.CONFIG, "2 testbeds are running", "--address: 127.0.0.1:1, 127.0.0.1:2")


def test_beta_set_takes_a_number_that_may_be_negative() -> None:
    word = splitwave("beta", "set", "much")
    assert (word.exit_code, "Invalid value for 'VALUE'" in word.output) == (ExitCode.CONFIG, True)
    negative = splitwave("beta", "set", "-1", "--address", "127.0.0.1:1")
    assert negative.exit_code == ExitCode.UNREACHABLE  # the command accepts it, and the base station would refuse it
