"""The client of the echo floor: synchronous streams as a device's, K of them, one query in flight on each."""

import time
from queue import SimpleQueue
from typing import Any

import grpc
import numpy as np

from benchmarks.floors.echo_service import METHOD
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


def echo(address: str, streams: int, message_bytes: int, queries: int) -> Int64:
    """Send queries, a message a stream each; the next one goes when all streams have answered.

    Args:
        address: of the first hop.
        streams: K.
        message_bytes: of a message; its answer is as large.
        queries: how many are timed; as many tenths go before them to warm up.

    Returns:
        (queries,) nanoseconds from when a query was sent to its last stream's answer.
    """
    message = bytes(message_bytes)
    with grpc.insecure_channel(address, options=CLIENT_OPTIONS) as grpc_channel:
        open_streams = [_Stream(grpc_channel) for _ in range(streams)]
        try:
            for _ in range(max(1, queries // 10)):
                _ask(open_streams, message)
            return np.array([_time_one(open_streams, message) for _ in range(queries)], dtype=np.int64)
        finally:
            for stream in open_streams:
                stream.end()


def _time_one(streams: list[_Stream], message: bytes) -> int:
    started = time.monotonic_ns()
    _ask(streams, message)
    return time.monotonic_ns() - started


def _ask(streams: list[_Stream], message: bytes) -> None:
    for stream in streams:
        stream.send(message)
    for stream in streams:
        if len(stream.receive()) != len(message):
            raise RuntimeError("an echo answered another message")
