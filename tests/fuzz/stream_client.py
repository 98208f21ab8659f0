"""Sends a script of bytes over one stream, as the client of a device does, and notes how the other side ended it."""

import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

import grpc

from splitwave.common.runtime.rpc import UPLINK_SERVICE

LIMIT_S = 60.0
"""Seconds after which a stream counts as one that hangs, with a margin for a busy machine: DEADLINE_EXCEEDED."""

ANSWER_LIMIT_S = 0.5

Ending = tuple[str, str]


class _Answers:
    """Counts the server's answers, and knows whether the stream is over."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._count = 0
        self.over = False

    def add(self) -> None:
        with self._changed:
            self._count += 1
            self._changed.notify_all()

    def end(self) -> None:
        with self._changed:
            self.over = True
            self._changed.notify_all()

    def wait(self, count: int) -> None:
        """Wait for so many answers; a damaged message may get none, so not for long."""
        with self._changed:
            self._changed.wait_for(lambda: self.over or self._count >= count, ANSWER_LIMIT_S)


def send_script(grpc_channel: grpc.Channel, messages: Sequence[bytes], *, answered: int, breaks: bool) -> Ending:
    """Send messages; the name of the status by which the server ended the stream, and its message.

    Args:
        grpc_channel: to the server.
        messages: serialised bundles, or anything else.
        answered: how many of the first messages get an answer, for which the next one waits.
        breaks: break the stream after the last message, in place of closing it.
    """
    answers, sent = _Answers(), threading.Event()

    def requests() -> Iterator[bytes]:
        for number, message in enumerate(messages):
            answers.wait(min(number, answered))
            yield message
        sent.set()

    # Not grpc.aio, which replaces the server's status by INTERNAL if a write fails.
    connect: Any = grpc_channel.stream_stream(f"/{UPLINK_SERVICE}/Connect")
    call = connect(requests(), timeout=LIMIT_S)
    for end in (answers.end, sent.set):
        if not call.add_callback(end):  # the call is over, and no callback comes
            end()
    reading = threading.Thread(target=_read, args=(call, answers))
    reading.start()
    if breaks:
        sent.wait()
        call.cancel()
    reading.join()
    return call.code().name, call.details() or ""


def _read(call: Any, answers: _Answers) -> None:
    with suppress(grpc.RpcError):
        for _ in call:
            answers.add()


def send_raw(address: str, data: bytes) -> None:
    """Open a connection, send bytes that are no HTTP/2, and wait until the server has closed it."""
    host, _, port = address.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=LIMIT_S) as client, suppress(ConnectionError):
        client.sendall(data)
        client.shutdown(socket.SHUT_WR)
        while client.recv(1 << 16):
            pass
