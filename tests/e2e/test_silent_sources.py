"""A device whose source gives nothing learns that its link is lost for good, with real processes."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import pytest

from splitwave.common.config.run_config import RunConfig
from splitwave.common.exit_codes import ExitCode
from tests.e2e.services import Process, Services
from tests.installed_command import ENVIRONMENT
from tests.integration.live_stations import export
from tests.limits import LIMIT_S

pytestmark = pytest.mark.e2e

ONE_LINK = RunConfig.model_validate({"links": 1, "encoder": {"dimension": 6}, "quantizer": {"breakpoints": 6}})
SOURCES = {
    "stdin": ("--source=stdin",),
    "python": ("--source=python:silent:samples", "--python-path=."),
}
"""By the place that a source waits in: the system's read, and a lock of Python."""
SILENT = """
import threading

import numpy as np

def samples():
    yield np.zeros(784, np.float32)
    threading.Event().wait()
"""


class Chain(NamedTuple):
    """A station and a channel emulator before it, by the names of their processes, and the emulator's address."""

    processes: dict[str, Process]
    uplink: str


@pytest.fixture(name="chain")
def _chain(tmp_path: Path) -> Iterator[Chain]:
    export(ONE_LINK, tmp_path / "model")
    (tmp_path / "silent.py").write_text(SILENT, encoding="utf-8")
    with ExitStack() as stack:
        services = Services(tmp_path, stack)
        station, address = services.serve("station", "splitwave.basestation", f"--serve={tmp_path / 'model'}")
        channel, uplink = services.serve("channel", "splitwave.channel", f"--connect={address}")
        yield Chain({"station": station, "channel": channel}, uplink)


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("killed", ["station", "channel"])
def test_a_device_ends_with_its_link_while_its_source_is_silent(
    killed: str, source: str, chain: Chain, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "splitwave.device", "run", f"--connect={chain.uplink}", "--connect-timeout=1"]
    with subprocess.Popen(
        [*command, "--encoder=torch", *SOURCES[source]],
        cwd=tmp_path,
        env={**ENVIRONMENT, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as device:
        timer = threading.Timer(LIMIT_S, device.kill)
        timer.start()
        try:
            assert device.stdin is not None  # both are pipes
            assert device.stdout is not None
            device.stdin.write(json.dumps([0.0] * 784) + "\n")
            device.stdin.flush()
            assert json.loads(device.stdout.readline())["outcome"] == "answered"
            chain.processes[killed].kill()
            assert device.wait() == ExitCode.UNREACHABLE  # the pipe of its standard input is still open
        finally:
            timer.cancel()
            device.kill()
        errors = device.stderr.read() if device.stderr else ""
    assert errors.splitlines()[-1].startswith("error: "), errors
    assert errors.count("error: ") == 1
    assert "Traceback" not in errors
    assert "Fatal" not in errors
