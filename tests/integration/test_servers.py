"""The servers: ports, health checks, and modules that must not import torch."""

import asyncio
import subprocess
import sys

import pytest
from grpc import aio
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from splitwave.common.errors import AddressError
from splitwave.common.runtime.server import serving
from tests.integration.testbed import running_channel
from tests.limits import LIMIT_S


def test_a_taken_port_is_an_error_that_names_it() -> None:
    async def scenario() -> None:
        async with serving("127.0.0.1:0", lambda _: None, []) as first:
            with pytest.raises(AddressError, match=f"cannot listen on {first}: the port is taken"):
                async with serving(first, lambda _: None, []):
                    pass

    asyncio.run(scenario())


def test_the_channel_answers_its_health_check() -> None:
    async def scenario() -> None:
        async with running_channel("127.0.0.1:1") as address, aio.insecure_channel(address) as grpc_channel:
            stub = health_pb2_grpc.HealthStub(grpc_channel)
            for service in ("", "splitwave.uplink.v1.Uplink"):
                answer = await stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=LIMIT_S)
                assert answer.status == health_pb2.HealthCheckResponse.SERVING

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "module",
    [
        "splitwave.channel.emulator.service",
        "splitwave.channel.__main__",
        "splitwave.common.config.layers",
        "splitwave.testbed.cli",
    ],
)
def test_modules_that_need_no_torch_do_not_import_it(module: str) -> None:
    code = f"import sys, {module}; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=LIMIT_S)


@pytest.mark.parametrize(("reflection", "answer"), [(False, "UNIMPLEMENTED"), (True, "OK")])
def test_services_are_listed_only_where_reflection_was_asked_for(reflection: bool, answer: str) -> None:
    async def scenario() -> str:
        async with (
            serving("127.0.0.1:0", lambda _: None, [], reflection=reflection) as address,
            aio.insecure_channel(address) as grpc_channel,
        ):
            stub = reflection_pb2_grpc.ServerReflectionStub(grpc_channel)
            call = stub.ServerReflectionInfo(iter([reflection_pb2.ServerReflectionRequest(list_services="")]))
            try:
                names = [each.name async for reply in call for each in reply.list_services_response.service]
            except aio.AioRpcError as error:
                return error.code().name
            assert "grpc.health.v1.Health" in names
            return "OK"

    assert asyncio.run(scenario()) == answer
