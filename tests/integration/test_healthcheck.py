"""The health check that containers run, against real servers."""

import asyncio
import subprocess
import sys

import pytest
from grpc import aio
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from splitwave.common.runtime.healthcheck import main
from tests.integration.testbed import running_channel
from tests.limits import LIMIT_S


def test_a_serving_channel_is_healthy() -> None:
    async def scenario() -> int:
        async with running_channel("127.0.0.1:1") as address:
            return await asyncio.to_thread(main, [address])

    assert asyncio.run(scenario()) == 0


def test_a_draining_server_is_not_healthy(capsys: pytest.CaptureFixture[str]) -> None:
    async def scenario() -> tuple[int, int]:
        server = aio.server()
        servicer = health.aio.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        await servicer.set("", health_pb2.HealthCheckResponse.SERVING)
        before = await asyncio.to_thread(main, [f"127.0.0.1:{port}"])
        await servicer.enter_graceful_shutdown()
        after = await asyncio.to_thread(main, [f"127.0.0.1:{port}"])
        await server.stop(None)
        return before, after

    assert asyncio.run(scenario()) == (0, 1)
    assert capsys.readouterr().err.endswith(" is not serving\n")


def test_the_reason_is_printed_if_no_server_answers(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["127.0.0.1:1"]) == 1
    assert capsys.readouterr().err == "127.0.0.1:1: UNAVAILABLE: Connection refused\n"


def test_the_health_check_needs_exactly_one_address(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert capsys.readouterr().err == "usage: python -m splitwave.common.runtime.healthcheck HOST:PORT [TLS_DIR]\n"


def test_the_health_check_loads_only_grpc_and_the_standard_library() -> None:
    code = (
        "import sys, grpc; with_grpc = set(sys.modules); import splitwave.common.runtime.healthcheck; "
        "new = set(sys.modules) - with_grpc; "
        "print(*(name for name in new if name.partition('.')[0] not in sys.stdlib_module_names))"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=LIMIT_S)
    assert set(answer.stdout.split()) == {
        "splitwave",
        "splitwave.common",
        "splitwave.common.errors",
        "splitwave.common.exit_codes",
        "splitwave.common.runtime",
        "splitwave.common.runtime.address",
        "splitwave.common.runtime.certificate",
        "splitwave.common.runtime.dialling",
        "splitwave.common.runtime.grpc_reason",
        "splitwave.common.runtime.healthcheck",
        "splitwave.common.runtime.tls_folder",
    }
