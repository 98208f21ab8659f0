"""`splitwave channel list|set|watch|replay` and `splitwave fault` of links without a reachable emulator."""

import os
from contextlib import ExitStack
from pathlib import Path

import pytest

from splitwave.common.errors import ConfigError
from splitwave.common.exit_codes import ExitCode
from splitwave.common.protocol.channel_changes import PLAN, ChannelChange, ChannelReport, LinkReport
from splitwave.common.protocol.live_channel import ChannelValues, LiveChannel
from splitwave.testbed.commands.channel import parse_change, print_report
from splitwave.testbed.processes.announcement import Announcement
from tests.unit.testbed.commands.command_line import assert_refused, splitwave

COMMANDS = [
    ("channel", "list"),
    ("channel", "set", "psnr_db=0"),
    ("channel", "watch"),
    ("fault", "delay", "5"),
    ("fault", "limit", "9600"),
    ("fault", "loss", "0.5"),
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_commands_refuse_what_they_cannot_reach(results: Path, command: tuple[str, ...]) -> None:
    nothing = splitwave(*command, "--results", results)
    assert_refused(nothing, ExitCode.UNREACHABLE, f"no testbed is running whose results go to {results}")
    nowhere = splitwave(*command, "--address", "127.0.0.1:1")
    assert_refused(nowhere, ExitCode.UNREACHABLE, "no channel emulator answered at 127.0.0.1:1: ")
    malformed = splitwave(*command, "--address", "here")
    assert_refused(malformed, ExitCode.ADDRESS, "--address here: expected HOST:PORT")
    both = splitwave(*command, "--address", "127.0.0.1:1", "--engine", "compose")
    assert_refused(both, ExitCode.CONFIG, "--address 127.0.0.1:1: not allowed with --engine compose")
    with ExitStack() as running:
        for number in (1, 2):
            logs = results / "demo" / f".{number}.partial" / "logs"
            logs.mkdir(parents=True)
            announcement = Announcement("hash", "", f"127.0.0.1:{number}", {"splitwave": os.getpid()})
            running.enter_context(announcement.published(logs))
        several = splitwave(*command, "--results", results)
    assert_refused(several, ExitCode.CONFIG, "2 testbeds are running", "--address: 127.0.0.1:1, 127.0.0.1:2")


def test_replay_refuses_what_it_cannot_play(tmp_path: Path) -> None:
    trace = tmp_path / "trace.csv"
    missing = splitwave("channel", "replay", trace, "--address", "127.0.0.1:1")
    assert_refused(missing, ExitCode.CONFIG, f"{trace}: not a trace that can be read")
    trace.write_text("time_s,psnr_db\n0,3\n", encoding="utf-8")
    for option in ("--speed", "--queries-per-s"):
        refused = splitwave("channel", "replay", trace, option, "0", "--address", "127.0.0.1:1")
        assert refused.exit_code == ExitCode.CONFIG
        assert f"Invalid value for '{option}'" in refused.output
    nowhere = splitwave("channel", "replay", trace, "--address", "127.0.0.1:1")
    assert_refused(nowhere, ExitCode.UNREACHABLE, "no channel emulator answered at 127.0.0.1:1: ")


def test_values_are_set_by_name_and_none_is_that_of_the_settings() -> None:
    change = parse_change(["psnr_db=-3", "loss=none", "plan=none"], 1)
    assert change == ChannelChange(1, ChannelValues(psnr_db=-3.0), frozenset({"loss", PLAN}))


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (["psnr=0"], "psnr=0: expected NAME=VALUE, each once, with one of psnr_db, "),
        (["psnr_db"], "psnr_db: expected NAME=VALUE"),
        (["loss=0", "loss=none"], "loss=none: expected NAME=VALUE, each once"),
        (["loss=much"], "loss=much: expected a number, or none"),
        (["loss=2"], "loss=2: loss = 2.0: expected a number from 0 to 1"),
        (["plan=1"], "plan=1: expected none"),
    ],
)
def test_other_values_are_refused(values: list[str], reason: str) -> None:
    with pytest.raises(ConfigError, match=f"^{reason}"):
        parse_change(values, None)


def test_the_state_is_a_line_for_each_link(capsys: pytest.CaptureFixture[str]) -> None:
    links = (
        LinkReport(0, LiveChannel(3, ChannelValues(psnr_db=0.0, loss=0.5)), 0, connected=True),
        LinkReport(1, LiveChannel(), 0, connected=True),
        LinkReport(2, LiveChannel(2), 86_400, connected=False),
    )
    print_report(ChannelReport(5, links))
    assert capsys.readouterr().out.splitlines() == [
        "state 5",
        "link 0  version 3  psnr_db 0  loss 0.5",
        "link 1  as in the settings",
        "link 2  version 2  plan of 86400 rows  (no device)",
    ]
