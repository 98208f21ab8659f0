"""A signal ends the wait of the main thread, for events or for a lock, whichever thread it comes in."""

import subprocess
import sys

import pytest

from tests.limits import LIMIT_S

PROGRAM = """
import asyncio, signal, sys, threading
from splitwave.common.runtime.stop_signals import stop_event, stopping_from_a_thread
from splitwave.testbed.interruption import run_interruptibly

async def service():
    stop = stop_event()
    await ready(stop)
    print("stopped")

def device():
    stop = threading.Event()
    with stopping_from_a_thread(stop.set):
        threading.Thread(target=receive_signal, daemon=True).start()
        print("ready", flush=True)
        stop.wait()
    print("stopped")

async def command():
    await ready(asyncio.Event())

async def ready(event):
    threading.Thread(target=receive_signal, daemon=True).start()
    print("ready", flush=True)
    await event.wait()

def receive_signal():
    sys.stdin.readline()
    signal.pthread_kill(threading.get_ident(), signal.SIGTERM)

try:
    {run}
except KeyboardInterrupt:
    print("interrupted")
"""


@pytest.mark.parametrize(
    ("run", "last"),
    [
        ("asyncio.run(service())", "stopped"),
        ("device()", "stopped"),
        ("run_interruptibly(command())", "interrupted"),
    ],
)
def test_a_signal_that_does_not_interrupt_the_main_thread_ends_its_wait(run: str, last: str) -> None:
    program = PROGRAM.replace("{run}", run)
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        try:
            output, _ = process.communicate("now\n", timeout=LIMIT_S)
        finally:
            process.kill()

    assert output == f"{last}\n"
