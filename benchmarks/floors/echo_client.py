"""The client of the echo floor: K synchronous streams, like those of a device, with one query in flight on each."""

import time

import grpc
import numpy as np

from splitwave.benchmarks.floors.echo_service import SERVICE
from splitwave.benchmarks.load.raw_stream import RawStream
from splitwave.common.protocol.arrays import Int64
from splitwave.common.runtime.rpc import CLIENT_OPTIONS


def echo(address: str, streams: int, message_bytes: int, queries: int) -> Int64:
    """Send queries of one message per stream; each query is sent after all streams have answered the one before.

    Args:
        address: address of the first hop.
        streams: number of streams, K.
        message_bytes: size of a message and of its answer.
        queries: number of timed queries; a tenth of that number is sent first to warm up.

    Returns:
        (queries,) int64 nanoseconds from sending a query to the answer on the last stream.
    """
    message = bytes(message_bytes)
    with grpc.insecure_channel(address, options=CLIENT_OPTIONS) as grpc_channel:
        open_streams = [RawStream(grpc_channel, SERVICE) for _ in range(streams)]
        try:
            for _ in range(max(1, queries // 10)):
                _ask(open_streams, message)
            return np.array([_time_one(open_streams, message) for _ in range(queries)], dtype=np.int64)
        finally:
            for stream in open_streams:
                stream.end()


def _time_one(streams: list[RawStream], message: bytes) -> int:
    started = time.monotonic_ns()
    _ask(streams, message)
    return time.monotonic_ns() - started


def _ask(streams: list[RawStream], message: bytes) -> None:
    for stream in streams:
        stream.send(message)
    for stream in streams:
        if len(stream.receive()) != len(message):
            raise RuntimeError("an echo has another length than its message")
