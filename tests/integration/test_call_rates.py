"""A peer that makes too many control calls is refused, while others and cheaper calls are served."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
from grpc import aio
from structlog.testing import capture_logs

from splitwave.common.runtime.call_rates import STREAM_CALLS
from splitwave.common.runtime.dialling import open_aio_channel
from splitwave.common.runtime.rpc import CLIENT_OPTIONS
from splitwave.common.wire.pb import control_pb2 as pb
from splitwave.common.wire.pb.control_pb2_grpc import ControlStub
from splitwave.testbed.control_client import ask_status
from tests.integration.servers import servers
from tests.integration.two_links import TWO_LINKS
from tests.limits import LIMIT_S

if TYPE_CHECKING:  # only the stub file has it
    from splitwave.common.wire.pb.control_pb2_grpc import ControlAsyncStub


def test_measurements_beyond_the_rate_are_refused_with_the_limit_and_the_call(tmp_path: Path) -> None:
    async def ending(stub: "ControlAsyncStub") -> tuple[grpc.StatusCode, str]:
        try:
            async for _ in stub.Measure(pb.MeasureRequest(), timeout=LIMIT_S):
                pass
        except aio.AioRpcError as error:
            return error.code(), str(error.details())
        raise AssertionError("a workload without queries was measured")

    async def scenario() -> list[tuple[grpc.StatusCode, str]]:
        async with servers(tmp_path, TWO_LINKS) as running:
            address = running.addresses["base station"]
            async with open_aio_channel(address, CLIENT_OPTIONS, None) as grpc_channel:
                stub = ControlStub(grpc_channel)
                endings = [await ending(stub)]
                while endings[-1][0] is grpc.StatusCode.INVALID_ARGUMENT:
                    endings.append(await ending(stub))
            assert (await ask_status(address)).run_id == "run"
            return endings

    with capture_logs() as logs:
        *served, (code, reason) = asyncio.run(scenario())
    assert len(served) >= STREAM_CALLS.burst
    assert code is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert reason == "Measure: more than 50 calls a second, and 200 at once, by one peer"
    refused = [(line["party"], line["reason"], line["times"]) for line in logs if line["event"] == "call refused"]
    assert refused == [("ipv4:127.0.0.1", reason, 1)]
