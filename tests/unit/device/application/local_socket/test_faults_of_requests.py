"""Requests that meet a fault of the device's own program: the status and the replies before it."""

from concurrent.futures import Future
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest

from splitwave.common.protocol.arrays import Float32
from splitwave.common.protocol.query_name import QueryName
from splitwave.common.wire.pb import device_app_pb2 as pb
from splitwave.common.wire.pb import device_app_pb2_grpc
from splitwave.device.application.local_socket.server import AppServer
from splitwave.device.application.submitter import Submitter
from splitwave.device.live.reply import Reply
from tests.limits import LIMIT_S
from tests.unit.device.application.answering_link import AnsweringLink

X = np.eye(10, dtype=np.float32)


class BreakingLink(AnsweringLink):
    """Raises what no link should, once it has taken some queries."""

    def __init__(self, breaks_at: int) -> None:
        super().__init__()
        self._breaks_at = breaks_at

    def submit(self, name: QueryName, x: Float32) -> "Future[Reply]":
        if len(self.submitted) == self._breaks_at:
            raise ZeroDivisionError("of a network")
        return super().submit(name, x)


def test_a_fault_of_the_program_ends_a_stream_after_the_replies_before_it(tmp_path: Path) -> None:
    address = f"unix:{tmp_path / 'device.sock'}"
    link = BreakingLink(breaks_at=2)
    requests = [pb.InferRequest(float32=X[place].tobytes()) for place in (5, 1, 7)]
    with AppServer(Submitter(link), address), grpc.insecure_channel(address) as channel:
        stub = device_app_pb2_grpc.DeviceAppStub(channel)
        replies = stub.InferStream(iter(requests), timeout=LIMIT_S, wait_for_ready=True)
        assert [next(replies).class_index for _ in range(2)] == [5, 1]
        with pytest.raises(grpc.RpcError) as streamed:
            next(replies)
        with pytest.raises(grpc.RpcError) as single:
            stub.Infer(requests[0], timeout=LIMIT_S)
    for failed in (streamed, single):
        assert failed.value.code() is grpc.StatusCode.INTERNAL
        assert failed.value.details() == "ZeroDivisionError: of a network"


def test_bytes_that_are_no_request_are_refused_after_the_replies_before_them(tmp_path: Path) -> None:
    address = f"unix:{tmp_path / 'device.sock'}"
    valid = pb.InferRequest(float32=X[5].tobytes()).SerializeToString()
    with AppServer(Submitter(AnsweringLink()), address), grpc.insecure_channel(address) as channel:
        infer: Any = channel.unary_unary("/splitwave.deviceapp.v1.DeviceApp/Infer")
        stream: Any = channel.stream_stream("/splitwave.deviceapp.v1.DeviceApp/InferStream")
        with pytest.raises(grpc.RpcError) as single:
            infer(b"\xff", timeout=LIMIT_S, wait_for_ready=True)
        replies = stream(iter([valid, b"\xff"]), timeout=LIMIT_S)
        assert pb.InferReply.FromString(next(replies)).class_index == 5
        with pytest.raises(grpc.RpcError) as streamed:
            next(replies)
    for failed in (single, streamed):
        assert failed.value.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert "the caller sent 1 bytes that are not a" in str(failed.value.details())
