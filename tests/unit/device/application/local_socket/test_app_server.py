"""`DeviceApp` over a real Unix socket: answers, refusals, limits, and the file of the socket."""

import argparse
import os
import socket
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import grpc
import numpy as np
import pytest

from splitwave.common.errors import AddressError, ProtocolError, Refusal, SplitwaveError, UnreachableError
from splitwave.common.tasks.vector_regression import VectorRegression
from splitwave.common.wire.pb import device_app_pb2 as pb
from splitwave.common.wire.pb import device_app_pb2_grpc
from splitwave.device.application.local_socket.server import AppServer
from splitwave.device.application.local_socket.socket_file import parse_mode
from splitwave.device.application.submitter import Submitter
from tests.limits import LIMIT_S
from tests.unit.device.application.answering_link import AnsweringLink

X = np.eye(10, dtype=np.float32)


@pytest.fixture
def address(tmp_path: Path) -> str:
    return f"unix:{tmp_path / 'device.sock'}"


def path_of(address: str) -> Path:
    return Path(address.removeprefix("unix:"))


def asked(address: str, link: AnsweringLink, *requests: pb.InferRequest) -> list[pb.InferReply]:
    with AppServer(Submitter(link), address), grpc.insecure_channel(address) as channel:
        stub = device_app_pb2_grpc.DeviceAppStub(channel)
        return [stub.Infer(request, timeout=LIMIT_S, wait_for_ready=True) for request in requests]


def test_a_sample_in_each_form_gets_the_same_answer(address: str) -> None:
    link = AnsweringLink()
    replies = asked(
        address,
        link,
        pb.InferRequest(float32=X[3].tobytes()),
        pb.InferRequest(uint8=(255 * X[3]).astype(np.uint8).tobytes(), stream=2, sequence=2**63),
        pb.InferRequest(values=pb.Values(values=X[3])),
    )
    assert [(reply.class_index, reply.stream, reply.sequence) for reply in replies] == [
        (3, 0, 0),
        (3, 2, 2**63),
        (3, 0, 1),
    ]
    for _, features in link.submitted:
        np.testing.assert_array_equal(features, X[3])


def test_a_reply_has_all_that_an_answer_has(address: str) -> None:
    (reply,) = asked(address, AnsweringLink(), pb.InferRequest(float32=X[9].tobytes()))
    assert reply.outcome == pb.OUTCOME_ANSWERED
    assert (list(reply.links_used), list(reply.psnr_db), reply.model) == ([0, 1], [10.0, 12.5], 3)
    np.testing.assert_array_equal(reply.probabilities, np.full(10, 0.1, np.float32))
    assert [hop.name for hop in reply.hops][:4] == ["application", "encode", "send", "device link"]
    assert (reply.HasField("class_name"), list(reply.values)) == (False, [])


def test_a_description_says_what_the_device_takes_and_answers(address: str) -> None:
    link = AnsweringLink(task=VectorRegression(("x", "y"), ("m", "rad"), (0.0, 0.0), (1.0, 1.0)))
    with AppServer(Submitter(link), address), grpc.insecure_channel(address) as channel:
        stub = device_app_pb2_grpc.DeviceAppStub(channel)
        found = stub.Describe(pb.DescribeRequest(), timeout=LIMIT_S, wait_for_ready=True)
    assert found == pb.Description(
        input_shape=(1, 2, 5), units=("m", "rad"), link=1, links=2, model_version="0123456789ab"
    )


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        (pb.InferRequest(), "a request without a sample: expected float32, uint8 or values"),
        (pb.InferRequest(float32=b"12345"), "float32 of 5 bytes: expected 4 bytes for each value"),
        (pb.InferRequest(uint8=b"123"), "a sample of shape (3,), dtype uint8: expected"),
        (pb.InferRequest(values=pb.Values(values=[np.nan] * 10)), "with 10 values that are not finite"),
        (pb.InferRequest(uint8=bytes(10), sequence=1, captured_ns=1), "give one of them"),
        (pb.InferRequest(uint8=bytes(10), captured_ns=1), "no capture period"),
    ],
)
def test_bad_input_is_an_invalid_argument_with_the_reason(request_: pb.InferRequest, reason: str, address: str) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        asked(address, AnsweringLink(), request_)
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert reason in str(refused.value.details())


def test_a_message_beyond_the_size_of_a_sample_is_refused(address: str) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        asked(address, AnsweringLink(), pb.InferRequest(uint8=bytes(200_000)))
    assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


def test_a_stream_has_its_replies_in_order_and_ends_with_a_bad_request(address: str) -> None:
    requests = [pb.InferRequest(float32=X[place].tobytes()) for place in (5, 1, 7)] + [pb.InferRequest(uint8=b"1")]
    with AppServer(Submitter(AnsweringLink()), address), grpc.insecure_channel(address) as channel:
        stub = device_app_pb2_grpc.DeviceAppStub(channel)
        whole = [
            each.class_index for each in stub.InferStream(iter(requests[:3]), timeout=LIMIT_S, wait_for_ready=True)
        ]
        replies = stub.InferStream(iter(requests), timeout=LIMIT_S)
        found = [next(replies).class_index for _ in range(3)]
        with pytest.raises(grpc.RpcError) as refused:
            next(replies)
    assert (whole, found) == ([5, 1, 7], [5, 1, 7])
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def test_a_stream_reads_no_more_than_64_requests_ahead(address: str) -> None:
    link, ended = AnsweringLink(holds=True), threading.Event()

    def requests() -> Iterator[pb.InferRequest]:
        for _ in range(100):
            yield pb.InferRequest(float32=X[0].tobytes())

    with AppServer(Submitter(link), address), grpc.insecure_channel(address) as channel:
        replies = device_app_pb2_grpc.DeviceAppStub(channel).InferStream(requests(), wait_for_ready=True)
        link.wait_for_queries(64, LIMIT_S)
        assert not ended.wait(0.05)
        assert len(link.submitted) == 64
        link.release()
        assert next(replies).class_index == 0
        link.wait_for_queries(65, LIMIT_S)
        replies.cancel()


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UnreachableError("no base station"), "UNAVAILABLE"),
        (ProtocolError("refused"), "UNAVAILABLE"),
        (ProtocolError("1024 queries wait", Refusal.RESOURCE_EXHAUSTED), "RESOURCE_EXHAUSTED"),
        (SplitwaveError("anything"), "INTERNAL"),
    ],
)
def test_an_error_of_a_query_is_a_status_and_does_not_end_the_device(
    error: SplitwaveError, code: str, address: str
) -> None:
    link, lost = AnsweringLink(holds=True), threading.Event()
    server = AppServer(Submitter(link), address, on_lost=lost.set)
    with server, grpc.insecure_channel(address) as channel:
        stub = device_app_pb2_grpc.DeviceAppStub(channel)
        call = stub.Infer.future(pb.InferRequest(float32=X[0].tobytes()), timeout=LIMIT_S, wait_for_ready=True)
        link.wait_for_queries(1, LIMIT_S)
        link.fail(error)
        with pytest.raises(grpc.RpcError) as refused:
            call.result()
        server.check_link()
    assert refused.value.code().name == code
    assert not lost.is_set()


def test_the_end_of_the_link_is_reported_without_a_request(address: str) -> None:
    link, lost = AnsweringLink(), threading.Event()
    with AppServer(Submitter(link), address, on_lost=lost.set) as server:
        link.end(UnreachableError("no base station for 60 s"))
        assert lost.is_set()
        with pytest.raises(UnreachableError, match="no base station for 60 s"):
            server.check_link()


def test_the_socket_is_the_users_alone_and_is_removed_at_the_end(address: str) -> None:
    path = path_of(address)
    with AppServer(Submitter(AnsweringLink()), address):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not path.exists()
    with AppServer(Submitter(AnsweringLink()), address, 0o660):
        assert stat.S_IMODE(path.stat().st_mode) == 0o660
    umask = os.umask(0)
    os.umask(umask)
    assert umask != 0o177


def test_the_socket_of_a_dead_process_is_replaced(address: str) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path_of(address)))
    assert path_of(address).exists()
    assert asked(address, AnsweringLink(), pb.InferRequest(float32=X[2].tobytes()))[0].class_index == 2


def test_the_socket_of_a_live_process_is_refused_and_left_to_it(address: str) -> None:
    with AppServer(Submitter(AnsweringLink()), address), grpc.insecure_channel(address) as channel:
        with (
            pytest.raises(AddressError, match="another process has it"),
            AppServer(Submitter(AnsweringLink()), address),
        ):
            pass
        stub = device_app_pb2_grpc.DeviceAppStub(channel)
        assert (
            stub.Infer(pb.InferRequest(float32=X[1].tobytes()), timeout=LIMIT_S, wait_for_ready=True).class_index == 1
        )


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("127.0.0.1:0", "expected unix:PATH"),
        ("unix-abstract:device", "whose file says who may connect"),
        ("unix:{}/absent/device.sock", "its folder does not exist"),
        ("unix:{}/file", "a file that is no socket is in the way"),
        ("unix:" + "x" * 200, "--serve-app"),
    ],
)
def test_an_address_that_cannot_be_served_is_refused(name: str, reason: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("precious")
    with pytest.raises(AddressError, match=reason), AppServer(Submitter(AnsweringLink()), name.format(tmp_path)):
        pass
    assert (tmp_path / "file").read_text() == "precious"


@pytest.mark.parametrize(("text", "mode"), [("600", 0o600), ("0660", 0o660)])
def test_permissions_are_octal(text: str, mode: int) -> None:
    assert parse_mode(text) == mode


@pytest.mark.parametrize("text", ["rw", "888", "0", "7777"])
def test_other_permissions_are_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="permissions in octal"):
        parse_mode(text)


def test_a_device_that_stops_leaves_its_successors_socket_alone(address: str) -> None:
    link = AnsweringLink(holds=True)
    request = pb.InferRequest(float32=X[3].tobytes())
    first = AppServer(Submitter(link), address).__enter__()
    with grpc.insecure_channel(address) as channel:
        held = device_app_pb2_grpc.DeviceAppStub(channel).Infer.future(request, timeout=LIMIT_S, wait_for_ready=True)
        link.wait_for_queries(1, LIMIT_S)
        stopping = threading.Thread(target=first.__exit__, args=(None, None, None))
        stopping.start()
        while path_of(address).exists():
            pass  # until the first device stops; its call has some moments left
        with AppServer(Submitter(AnsweringLink()), address):
            stopping.join()
            assert path_of(address).exists()
            with grpc.insecure_channel(address) as other:
                stub = device_app_pb2_grpc.DeviceAppStub(other)
                assert stub.Infer(request, timeout=LIMIT_S, wait_for_ready=True).class_index == 3
        held.cancel()
