"""Services as processes that are started individually, as on several machines."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from splitwave.common.wire.pb import control_pb2 as pb
from splitwave.testbed.control_client import get_status
from tests.installed_command import ENVIRONMENT
from tests.limits import LIMIT_S

Process = subprocess.Popen[bytes]


class Services:
    """Starts processes that log to files in a folder."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder = folder
        self._stack = stack

    def start(self, name: str, *arguments: str, announce: int | None = None) -> Process:
        log = self._stack.enter_context((self._folder / f"{name}.log").open("wb"))
        command = [sys.executable, "-m", *arguments]
        process = subprocess.Popen(
            command, stderr=log, env=ENVIRONMENT, pass_fds=[] if announce is None else [announce]
        )
        self._stack.callback(process.wait)
        self._stack.callback(process.kill)
        return process

    def serve(self, name: str, *arguments: str, listen: str = "127.0.0.1:0") -> tuple[Process, str]:
        """Start a server; returns its process and the address that it announces."""
        ready, announce = os.pipe()
        with os.fdopen(ready) as pipe:
            process = self.start(name, *arguments, f"--listen={listen}", f"--ready-fd={announce}", announce=announce)
            os.close(announce)
            return process, pipe.readline().strip()

    def log(self, name: str) -> str:
        return (self._folder / f"{name}.log").read_text(encoding="utf-8")


def until(address: str, reached: Callable[[pb.RunStatus], bool]) -> pb.RunStatus:
    """Ask the base station for its status until a condition holds."""
    deadline = time.monotonic() + LIMIT_S
    while not reached(status := get_status(address)):
        assert time.monotonic() < deadline, status
    return status
