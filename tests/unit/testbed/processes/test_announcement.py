"""Finding running testbeds by their announcements."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from splitwave.testbed.processes.announcement import Announcement, running_testbeds


def announcement(pid: int) -> Announcement:
    return Announcement("ha5h", "127.0.0.1:1", "127.0.0.1:2", {"splitwave": pid, "basestation": pid})


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    folder = tmp_path / "demo" / ".20260101T000000Z-nogit-s0.partial" / "logs"
    folder.mkdir(parents=True)
    return folder


def test_a_testbed_is_found_while_it_is_running(tmp_path: Path, logs: Path) -> None:
    running = announcement(os.getpid())

    with running.published(logs):
        assert running_testbeds(tmp_path) == [running]

    assert running_testbeds(tmp_path) == []
    assert list(logs.iterdir()) == []


def test_the_announcement_of_a_killed_testbed_is_ignored(tmp_path: Path, logs: Path) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()

    with announcement(dead.pid).published(logs):
        assert running_testbeds(tmp_path) == []


def test_a_missing_results_folder_has_no_testbeds(tmp_path: Path) -> None:
    assert running_testbeds(tmp_path / "nowhere") == []
