"""A command that trains practically endlessly, for tests that interrupt it."""

import os
import re
import select
import signal
import subprocess
from pathlib import Path

from splitwave.testbed.processes.announcement import running_testbeds
from tests.limits import LIMIT_S


class Training:
    """A command with a practically endless training, and the processes that it started."""

    def __init__(self, process: "subprocess.Popen[str]", results: Path) -> None:
        self.process = process
        self.results = results
        (testbed,) = running_testbeds(results)
        self.address = testbed.basestation
        self._pidfds = {role: os.pidfd_open(pid) for role, pid in testbed.pids.items()}

    def send(self, number: signal.Signals, role: str) -> None:
        signal.pidfd_send_signal(self._pidfds[role], number)

    def stopped(self) -> tuple[int, str]:
        """Wait for the end of the command; returns its exit code and standard error."""
        _, errors = self.process.communicate(timeout=LIMIT_S)
        return self.process.returncode, errors

    def still_running(self, limit_s: float = 0.0) -> list[str]:
        """Return the roles whose processes are still running after a time limit for each."""
        return [role for role, fd in self._pidfds.items() if not select.select([fd], [], [], limit_s)[0]]

    def published(self) -> list[Path]:
        """Return the folders that look like complete results."""
        return [path for path in self.results.glob("*/*") if not re.search(r"^\.|\.unfinished$", path.name)]

    def close(self) -> None:
        for role in self.still_running():
            self.send(signal.SIGKILL, role)
        for fd in self._pidfds.values():
            os.close(fd)
