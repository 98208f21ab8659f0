"""Signals that end a command."""

import signal
import subprocess
import sys

import pytest

from tests.limits import LIMIT_S

PROGRAM = """
import asyncio, sys
from splitwave.testbed.interruption import run_interruptibly

async def work():
    print("ready", flush=True)
    return await asyncio.to_thread(sys.stdin.readline)

try:
    print(run_interruptibly(work()).strip())
except KeyboardInterrupt:
    print("interrupted")
"""


@pytest.mark.parametrize(
    ("prefix", "last"), [(["nohup"], "finished"), (["env", "--default-signal=HUP"], "interrupted")]
)
def test_a_closed_terminal_ends_work_unless_it_was_started_with_nohup(prefix: list[str], last: str) -> None:
    command = [*prefix, sys.executable, "-c", PROGRAM]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGHUP)
        output, _ = process.communicate("finished\n", timeout=LIMIT_S)

    assert output == f"{last}\n"
