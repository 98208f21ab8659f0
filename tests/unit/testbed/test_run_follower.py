"""Following a run whose base station is lost and comes back at its address, with scripted reports."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import grpc
import grpc.aio
import pytest

from splitwave.common.errors import RunFailedError, UnreachableError
from splitwave.common.records.results import EpochRecord, RunResult
from splitwave.common.wire.pb import control_pb2 as pb
from splitwave.common.wire.pb.control_pb2_grpc import add_ControlServicer_to_server
from splitwave.common.wire.results import epoch_from_proto
from splitwave.testbed.engine import Event, StartedOver
from splitwave.testbed.run_follower import follow_run
from tests.limits import LIMIT_S
from tests.unit.testbed.test_control_client import ScriptedControl

FAILED = pb.RunEvent(status=pb.RunStatus(stage=pb.STAGE_FAILED, failure="training diverged"))
RESULT = pb.RunEvent(result=pb.RunResult(steps=32, hops=["encode"], hop_times_ns=bytes(8), weights_sha256="5ha"))
LOST = StartedOver("the base station was lost")

Script = Sequence[pb.RunEvent]


def sent(number: int, seconds: float = 1.0) -> pb.RunEvent:
    epoch = pb.EpochRecord(epoch=number, step=16 * (number + 1), distortion=2.0, rate_nats=[50.0], seconds=seconds)
    return pb.RunEvent(epoch=epoch)


def heard(number: int, seconds: float = 1.0) -> EpochRecord:
    return epoch_from_proto(sent(number, seconds).epoch)


class Lives(ScriptedControl):
    """A base station that dies after each script but the last, and is there again for the next watcher."""

    def __init__(self, scripts: Sequence[Script], died: asyncio.Event) -> None:
        super().__init__()
        self._scripts = iter(scripts)
        self._left = len(scripts)
        self._died = died

    async def WatchRun(  # noqa: N802
        self,
        request: pb.WatchRunRequest,  # noqa: ARG002
        context: "grpc.aio.ServicerContext[Any, Any]",
    ) -> AsyncIterator[pb.RunEvent]:
        self._left -= 1
        for event in next(self._scripts):
            yield event
        if self._left:
            await context.abort(grpc.StatusCode.UNAVAILABLE, "Socket closed")
        self._died.set()


def follow(*scripts: Script, limit_s: float = LIMIT_S) -> tuple[list[Event], RunResult]:
    """Follow a run; the server goes away when the last script is over."""
    seen: list[Event] = []

    async def scenario() -> RunResult:
        server, died = grpc.aio.server(), asyncio.Event()
        add_ControlServicer_to_server(Lives(scripts, died), server)
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        following = asyncio.create_task(follow_run(f"127.0.0.1:{port}", seen.append, limit_s))
        last = asyncio.create_task(died.wait())
        await asyncio.wait({last, following}, return_when=asyncio.FIRST_COMPLETED)
        last.cancel()
        await server.stop(LIMIT_S)
        return await following

    return seen, asyncio.run(scenario())


def test_a_base_station_that_comes_back_is_followed_to_the_result() -> None:
    seen, result = follow([sent(0)], [sent(0), sent(1), RESULT])

    assert result.weights_sha256 == "5ha"
    assert seen == [heard(0), LOST, heard(1)]


def test_epochs_that_were_trained_again_are_passed_on_and_others_are_not() -> None:
    seen, _ = follow([sent(0), sent(1)], [sent(0)], [sent(0), sent(1, seconds=2.0), RESULT])

    assert seen == [heard(0), heard(1), LOST, LOST, heard(1, seconds=2.0)]


def test_a_run_that_fails_after_the_return_fails_with_its_reason() -> None:
    with pytest.raises(RunFailedError, match="training diverged"):
        follow([sent(0)], [FAILED])


def test_a_base_station_that_does_not_come_back_in_time_is_unreachable() -> None:
    with pytest.raises(UnreachableError, match=r"no base station answered at 127\.0\.0\.1:\d+ within 0\.2 s"):
        follow([sent(0)], limit_s=0.2)
