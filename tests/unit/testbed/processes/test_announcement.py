"""Finding running testbeds by their announcements."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from splitwave.testbed.processes.announcement import Announcement, PublishedPids, running_testbeds


def announcement(pid: int) -> Announcement:
    return Announcement("ha5h", "127.0.0.1:1", "127.0.0.1:2", {"splitwave": pid, "basestation": pid})


def make_logs(results: Path, run: str) -> Path:
    folder = results / "demo" / f".{run}.partial" / "logs"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    return make_logs(tmp_path, "20260101T000000Z-nogit-s0")


def test_a_testbed_is_found_while_it_is_running(tmp_path: Path, logs: Path) -> None:
    running = announcement(os.getpid())

    with running.published(logs):
        assert running_testbeds(tmp_path) == [running]

    assert running_testbeds(tmp_path) == []
    assert list(logs.iterdir()) == []


def test_the_announcement_has_the_current_process_ids(tmp_path: Path, logs: Path) -> None:
    running, pids = announcement(os.getpid()), PublishedPids(logs)
    pids.update({"splitwave": os.getpid()})  # before there is an announcement
    assert list(logs.iterdir()) == []

    with pids.published(running):
        pids.update({**running.pids, "basestation": 4711})
        (found,) = running_testbeds(tmp_path)
        assert found.pids == {"splitwave": os.getpid(), "basestation": 4711}
        assert found.basestation == running.basestation

    pids.update(running.pids)
    assert list(logs.iterdir()) == []


def test_the_announcement_of_a_killed_testbed_is_ignored(tmp_path: Path, logs: Path) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()

    with announcement(dead.pid).published(logs):
        assert running_testbeds(tmp_path) == []


def test_a_testbed_that_ended_but_whose_parent_has_not_noticed_is_ignored(tmp_path: Path, logs: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        running = announcement(process.pid)
        with running.published(logs):
            assert running_testbeds(tmp_path) == [running]
            process.kill()
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # without removing it from the process table
            assert running_testbeds(tmp_path) == []


def with_pid_1(content: dict[str, Any]) -> str:
    return json.dumps(content | {"pids": {"splitwave": 1}})


def of_an_earlier_version(content: dict[str, Any]) -> str:
    del content["supervisor_start"]
    return json.dumps(content)


LEFT_OVER: dict[str, Callable[[dict[str, Any]], str]] = {
    "the process with its id is another one": with_pid_1,
    "no process": lambda content: json.dumps(content | {"pids": {}}),
    "all processes": lambda content: json.dumps(content | {"pids": {"splitwave": -1}}),
    "no number": lambda content: json.dumps(content | {"pids": {"splitwave": "1"}}),
    "started before the machine did": lambda content: json.dumps(content | {"supervisor_start": "an-earlier-boot/7"}),
    "an earlier version": of_an_earlier_version,
    "cut off": lambda content: json.dumps(content)[:40],
    "empty": lambda _: "",
    "no object": lambda _: "[]",
    "not UTF-8": lambda _: "\udcff",
}


@pytest.mark.parametrize("damage", LEFT_OVER.values(), ids=LEFT_OVER)
def test_running_testbeds_are_found_beside_left_over_and_damaged_announcements(
    damage: Callable[[dict[str, Any]], str], tmp_path: Path, logs: Path
) -> None:
    running = announcement(os.getpid())
    left = make_logs(tmp_path, "20250101T000000Z-nogit-s0") / "testbed.json"
    with running.published(logs):
        content = json.loads((logs / "testbed.json").read_text(encoding="utf-8"))
        left.write_text(damage(content), encoding="utf-8", errors="surrogateescape")

        assert running_testbeds(tmp_path) == [running]


def test_a_folder_in_place_of_an_announcement_is_ignored(tmp_path: Path, logs: Path) -> None:
    (logs / "testbed.json").mkdir()
    assert running_testbeds(tmp_path) == []


def test_a_testbed_whose_folder_was_removed_ends_in_order(tmp_path: Path, logs: Path) -> None:
    with announcement(os.getpid()).published(logs):
        (logs / "testbed.json").unlink()
    assert running_testbeds(tmp_path) == []


def test_a_missing_results_folder_has_no_testbeds(tmp_path: Path) -> None:
    assert running_testbeds(tmp_path / "nowhere") == []
