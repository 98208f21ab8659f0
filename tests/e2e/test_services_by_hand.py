"""Services started one by one, as on several machines: a device that crashes, and a base station that serves on."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from common.exit_codes import ExitCode
from common.pb import control_pb2 as pb
from testbed.control_client import get_status

pytestmark = pytest.mark.e2e

CONFIG = "{encoder: {dimension: 8}, training: {epochs: 6}, inference: {latency_samples: 20}}"
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("SPLITWAVE_")}
LIMIT_S = 120

Process = subprocess.Popen[bytes]


class Services:
    """Processes that log to files of a folder."""

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

    def serve(self, name: str, *arguments: str) -> tuple[Process, str]:
        """A server, and the address that it announces."""
        ready, announce = os.pipe()
        with os.fdopen(ready) as pipe:
            process = self.start(name, *arguments, "--listen=127.0.0.1:0", f"--ready-fd={announce}", announce=announce)
            os.close(announce)
            return process, pipe.readline().strip()

    def log(self, name: str) -> str:
        return (self._folder / f"{name}.log").read_text(encoding="utf-8")


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    with ExitStack() as stack:
        yield Services(tmp_path, stack)


def until(address: str, reached: Callable[[pb.RunStatus], bool]) -> None:
    """Ask the base station until its status is as wanted."""
    deadline = time.monotonic() + LIMIT_S
    while not reached(status := get_status(address)):
        assert time.monotonic() < deadline, status


def test_a_crashed_device_that_is_started_again_gets_its_link_and_the_run_serves_until_it_is_stopped(
    services: Services, tmp_path: Path
) -> None:
    config = tmp_path / "run.yaml"
    config.write_text(CONFIG, encoding="utf-8")
    summaries = tmp_path / "summaries"
    summaries.mkdir()
    folders = (f"--state={tmp_path}", f"--summaries={summaries}")
    basestation, address = services.serve(
        "basestation", "basestation", f"--config={config}", *folders, "--serve-every=0.1"
    )
    channel, uplink = services.serve("channel", "channel", f"--connect={address}")
    device = ("device", f"--connect={uplink}", f"--state={tmp_path}")
    devices = [services.start(f"device-{link}", *device, f"--link={link}") for link in range(2)]

    until(address, lambda status: status.epoch >= 1)
    devices[1].kill()
    until(address, lambda status: status.stage == pb.STAGE_WAITING and status.restarts == 1)
    devices[1] = services.start("device-again", *device)
    until(address, lambda status: status.queries >= 40)

    for process in (basestation, channel):
        process.send_signal(signal.SIGTERM)
    exits = [process.wait(LIMIT_S) for process in (basestation, channel, *devices)]
    assert exits == [ExitCode.OK] * 4
    assert "run starts over" in services.log("basestation")
    (summary,) = summaries.iterdir()
    assert json.loads(summary.read_text(encoding="utf-8"))["steps"] == 6 * 63
