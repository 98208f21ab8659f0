"""Work that is interrupted from another thread, or runs beside an event loop."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from splitwave.testbed.interruption import Interrupter, interruptible_by, run_interruptibly
from tests.limits import LIMIT_S


class Work:
    """Waits to be cancelled, and notes that it cleaned up, and in which thread."""

    def __init__(self) -> None:
        self.began = threading.Event()
        self.cleaned_up = False
        self.thread: threading.Thread | None = None

    async def wait(self) -> None:
        self.thread = threading.current_thread()
        try:
            self.began.set()
            await asyncio.Event().wait()
        finally:
            self.cleaned_up = True


def test_work_in_another_thread_is_interrupted_and_cleans_up() -> None:
    interrupter, work = Interrupter(), Work()

    def run() -> None:
        with interruptible_by(interrupter):
            run_interruptibly(work.wait())

    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(run)
        assert work.began.wait(LIMIT_S)
        interrupter.interrupt()
        with pytest.raises(KeyboardInterrupt):
            done.result()
    assert work.cleaned_up


def test_work_that_begins_after_the_interruption_ends_at_its_first_wait() -> None:
    interrupter, work = Interrupter(), Work()
    interrupter.interrupt()
    with pytest.raises(KeyboardInterrupt), interruptible_by(interrupter):
        run_interruptibly(work.wait())
    assert not work.began.is_set() or work.cleaned_up


def test_an_interruption_after_the_end_does_nothing() -> None:
    interrupter = Interrupter()

    async def answer() -> int:
        return 42

    with interruptible_by(interrupter):
        assert run_interruptibly(answer()) == 42
    interrupter.interrupt()


def test_beside_a_running_loop_work_has_a_thread_of_its_own() -> None:
    async def thread_of_work() -> threading.Thread:
        return threading.current_thread()

    async def notebook() -> threading.Thread:
        return run_interruptibly(thread_of_work())

    assert asyncio.run(notebook()) is not threading.current_thread()
