"""The signals that end a command or a service, and what the first and the second of them do."""

import asyncio
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def stop_signals() -> tuple[signal.Signals, ...]:
    """Return the signals that end a process; a closed terminal does not end one that was started with `nohup`.

    `nohup` starts a process with SIGHUP ignored, and a handler would undo that.
    """
    ignored = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    return tuple(number for number in _STOP_SIGNALS if number is not signal.SIGHUP or not ignored)


def on_stop_signal(stop: Callable[[], object]) -> None:
    """Have `stop` called upon such a signal; from then on, SIGINT ends the process at once, whatever it is doing."""

    def handle(_number: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        stop()

    for number in stop_signals():
        signal.signal(number, handle)


@contextmanager
def stopping_from_a_thread(stop: Callable[[], object]) -> Iterator[None]:
    """Have a thread call `stop` upon such a signal, for a main thread that waits for locks; else like `on_stop_signal`.

    Python runs its handlers in the main thread, between two instructions. A signal that comes after the last of them
    leaves a wait for a lock asleep, and `stop` would be called only once it ends.
    """
    received, sent = socket.socketpair()
    with sent:
        sent.setblocking(False)
        before = signal.set_wakeup_fd(sent.fileno(), warn_on_full_buffer=False)
        try:
            on_stop_signal(lambda: None)
            threading.Thread(target=_call_upon_a_stop_signal, args=(received, stop), name="stop", daemon=True).start()
            yield
        finally:
            signal.set_wakeup_fd(before)


def _call_upon_a_stop_signal(received: socket.socket, stop: Callable[[], object]) -> None:
    with received:
        while numbers := received.recv(64):  # nothing once the context has ended
            if any(number in _STOP_SIGNALS for number in numbers):
                stop()
                return


def wake_for_signals(loop: asyncio.AbstractEventLoop) -> None:
    """Have a loop of the main thread wake for every signal.

    Python runs its handlers between two instructions. A signal that comes after the last of them, or in another thread,
    would leave a loop that waits for events asleep, and the process would not end.
    """
    # A loop has itself woken by every signal as soon as it handles one. SIGURG is ignored before and after.
    loop.add_signal_handler(signal.SIGURG, lambda: None)


def stop_event() -> asyncio.Event:
    """Return an event of the running loop that such a signal sets."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    wake_for_signals(loop)

    def set_event() -> None:
        with suppress(RuntimeError):  # the loop is closed: the process is about to end
            loop.call_soon_threadsafe(stop.set)

    on_stop_signal(set_event)
    return stop


def event_of(*signals: signal.Signals) -> asyncio.Event:
    """Return an event of the running loop that any of these signals sets."""
    event, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in signals:
        loop.add_signal_handler(number, event.set)
    return event


def ignore_warning_of_a_batch_system() -> None:
    """Ignore SIGUSR1, which warns all processes of a job: only a base station that trains stops the training then."""
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
