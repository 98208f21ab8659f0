"""`splitwave status` of running testbeds, whether or not they answer."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import grpc

from splitwave.common.exit_codes import ExitCode
from splitwave.common.wire.pb import control_pb2 as pb
from splitwave.testbed.processes.announcement import Announcement
from tests.unit.testbed.commands.command_line import assert_refused, splitwave

STATUS = pb.RunStatus(
    run_id="live-run",
    stage=pb.STAGE_SERVING,
    links=[pb.LinkStatus(link=link) for link in range(3)],
    queries=60,
    by_links=[
        pb.ServedByLinks(links=[0, 1, 2], totals=pb.ServedQueries(queries=41)),
        pb.ServedByLinks(links=[0, 2], totals=pb.ServedQueries(queries=12)),
        pb.ServedByLinks(links=[1], totals=pb.ServedQueries(queries=7)),
    ],
)


def get_status(_request: pb.GetStatusRequest, _context: grpc.ServicerContext) -> pb.RunStatus:
    return STATUS


CONTROL = grpc.method_handlers_generic_handler(
    "splitwave.control.v1.Control",
    {
        "GetStatus": grpc.unary_unary_rpc_method_handler(
            get_status, pb.GetStatusRequest.FromString, pb.RunStatus.SerializeToString
        )
    },
)


@contextmanager
def base_station() -> Iterator[str]:
    with ThreadPoolExecutor() as threads:
        server = grpc.server(threads)
        server.add_generic_rpc_handlers((CONTROL,))
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        try:
            yield f"127.0.0.1:{port}"
        finally:
            server.stop(None).wait()


@contextmanager
def announced(results: Path, run: str, address: str) -> Iterator[None]:
    logs = results / "demo" / f".{run}.partial" / "logs"
    logs.mkdir(parents=True)
    with Announcement("hash", address, "", {"splitwave": os.getpid()}).published(logs):
        yield


def test_status_without_a_running_testbed_names_the_searched_folder(results: Path) -> None:
    result = splitwave("status", "--results", results)

    assert_refused(result, ExitCode.UNREACHABLE, f"no testbed is running whose results go to {results}")


def test_the_status_of_a_malformed_address_is_refused() -> None:
    assert_refused(splitwave("status", "--address", "here"), ExitCode.ADDRESS, "--address here: expected HOST:PORT")


def test_the_status_at_an_address_where_nobody_listens_is_an_error() -> None:
    result = splitwave("status", "--address", "127.0.0.1:1")

    assert_refused(result, ExitCode.UNREACHABLE, "no base station answered at 127.0.0.1:1: ")


def test_a_testbed_that_does_not_answer_is_reported_beside_the_others(results: Path) -> None:
    with base_station() as address, announced(results, "1", "127.0.0.1:1"), announced(results, "2", address):
        result = splitwave("status", "--results", results)

    assert result.exit_code == ExitCode.OK
    assert f"run live-run at {address}: serving" in result.stdout
    assert "warning: no base station answered at 127.0.0.1:1: " in result.stderr


def test_it_is_an_error_if_no_testbed_answers(results: Path) -> None:
    with announced(results, "1", "127.0.0.1:1"), announced(results, "2", "127.0.0.1:2"):
        result = splitwave("status", "--results", results)

    assert_refused(result, ExitCode.UNREACHABLE, "no base station answered at 127.0.0.1:1: ")


def test_the_status_counts_the_queries_that_were_answered_without_some_links() -> None:
    with base_station() as address:
        output = splitwave("status", "--address", address).output

    assert "serving, 60 queries answered (12 by links 0 2 alone, 7 by link 1 alone)" in output
