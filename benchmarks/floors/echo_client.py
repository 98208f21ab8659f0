"""The client of the echo floor: synchronous streams as a device's, K of them, one query in flight on each."""

import time
from queue import SimpleQueue
from typing import Any

import grpc
import numpy as np

from benchmarks.floors.echo_service import METHOD
from common.load import Load
from common.messages import Int64
from common.rpc import CLIENT_OPTIONS

_STREAM_LIMIT_S = 600.0


class _Stream:
    """One call: an outbox that gRPC sends from, as `device.uplink` has it."""

    def __init__(self, grpc_channel: grpc.Channel) -> None:
        self._outbox: SimpleQueue[bytes | None] = SimpleQueue()
        connect: Any = grpc_channel.stream_stream(METHOD)
        self._call: Any = connect(iter(self._outbox.get, None), timeout=_STREAM_LIMIT_S)

    def send(self, message: bytes) -> None:
        self._outbox.put(message)

    def receive(self) -> bytes:
        answer: bytes = next(self._call)
        return answer

    def end(self) -> None:
        self._outbox.put(None)
        self._call.cancel()


def echo(address: str, streams: int, message_bytes: int, load: Load) -> Int64:
    """Send queries, a message a stream each; the next one goes when all streams have answered, and is due.

    Args:
        address: of the first hop.
        streams: K.
        message_bytes: of a message; its answer is as large.
        load: how many queries, and when they are due in an open loop.

    Returns:
        (queries,) nanoseconds from when a query was due to its last stream's answer.
    """
    message = bytes(message_bytes)
    with grpc.insecure_channel(address, options=CLIENT_OPTIONS) as grpc_channel:
        open_streams = [_Stream(grpc_channel) for _ in range(streams)]
        try:
            _ask(open_streams, message)  # the connection is made before the clock starts
            return _latencies_ns(open_streams, message, load)
        finally:
            for stream in open_streams:
                stream.end()


def _latencies_ns(streams: list[_Stream], message: bytes, load: Load) -> Int64:
    times = np.zeros(load.queries, dtype=np.int64)
    due_ns = load.schedule_ns() + time.monotonic_ns()
    for number in range(load.queries):
        if load.rate_per_s:
            time.sleep(max(0, int(due_ns[number]) - time.monotonic_ns()) / 1e9)
        started = time.monotonic_ns()
        _ask(streams, message)
        times[number] = time.monotonic_ns() - (int(due_ns[number]) if load.rate_per_s else started)
    return times


def _ask(streams: list[_Stream], message: bytes) -> None:
    for stream in streams:
        stream.send(message)
    for stream in streams:
        if len(stream.receive()) != len(message):
            raise RuntimeError("an echo answered another message")
