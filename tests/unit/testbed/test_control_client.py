"""Asking a base station over a real connection; what it answers is scripted."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeVar

import grpc
import grpc.aio
import pytest

from splitwave.common.errors import ConfigError, ProtocolError, Refusal, RunFailedError, UnreachableError
from splitwave.common.protocol.workload import STAMPS, LinkStamps, Workload
from splitwave.common.records.results import EpochRecord, RunResult
from splitwave.common.wire.pb import control_pb2 as pb
from splitwave.common.wire.pb.control_pb2_grpc import ControlServicer, add_ControlServicer_to_server
from splitwave.testbed.control_client import BaseStationLostError, get_status, measure, set_beta, stage_name, watch_run
from splitwave.testbed.engine import Event, Progress, StartedOver

T = TypeVar("T")

TRAINING = pb.RunStatus(stage=pb.STAGE_TRAINING, epoch=1, epochs=2, step=20, steps=32, run_id="r")
FAILED = pb.RunStatus(stage=pb.STAGE_FAILED, failure="link 1 was lost")
EPOCH = pb.EpochRecord(epoch=0, step=16, distortion=2.0, rate_nats=[50.0], training_error=0.5)
RESULT = pb.RunResult(steps=32, error=0.25, hops=["encode"], hop_times_ns=bytes(8), weights_sha256="5ha")


class ScriptedControl(ControlServicer):
    """Says its lines, then ends the stream, in good order or with a status."""

    def __init__(
        self, *events: pb.RunEvent, measured: tuple[int, ...] = (), ending: grpc.StatusCode = grpc.StatusCode.OK
    ) -> None:
        self._events = events
        self._measured = measured
        self._ending = ending

    async def WatchRun(  # noqa: N802
        self,
        request: pb.WatchRunRequest,  # noqa: ARG002
        context: "grpc.aio.ServicerContext[Any, Any]",
    ) -> AsyncIterator[pb.RunEvent]:
        for event in self._events:
            yield event
        if self._ending is not grpc.StatusCode.OK:
            await context.abort(self._ending, "the script says so")

    async def GetStatus(  # noqa: N802
        self,
        request: pb.GetStatusRequest,  # noqa: ARG002
        context: "grpc.aio.ServicerContext[Any, Any]",  # noqa: ARG002
    ) -> pb.RunStatus:
        return self._events[0].status

    async def SetBeta(  # noqa: N802
        self, request: pb.SetBetaRequest, context: "grpc.aio.ServicerContext[Any, Any]"
    ) -> pb.SetBetaReply:
        if self._ending is not grpc.StatusCode.OK:
            await context.abort(self._ending, "the script says so")
        return pb.SetBetaReply(betas=[request.beta, request.link if request.HasField("link") else -1.0])

    async def Measure(  # noqa: N802
        self, request: pb.MeasureRequest, context: "grpc.aio.ServicerContext[Any, Any]"
    ) -> AsyncIterator[pb.MeasuredLink]:
        for link in self._measured:
            yield pb.MeasuredLink(link=link, names=STAMPS, at_ns=bytes(8 * len(STAMPS) * request.workload.queries))
        if self._ending is not grpc.StatusCode.OK:
            await context.abort(self._ending, "the script says so")


def ask(ask_at: Callable[[str], Awaitable[T]], servicer: ControlServicer | None) -> T:
    """What `ask_at` makes of a server, told its address."""

    async def main() -> T:
        server = grpc.aio.server()
        if servicer is not None:
            add_ControlServicer_to_server(servicer, server)
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        try:
            return await ask_at(f"127.0.0.1:{port}")
        finally:
            await server.stop(None)

    return asyncio.run(main())


def watch(servicer: ControlServicer) -> tuple[list[Event], RunResult]:
    seen: list[Event] = []
    return seen, ask(lambda address: watch_run(address, seen.append), servicer)


def status(servicer: ControlServicer | None) -> pb.RunStatus:
    return ask(lambda address: asyncio.to_thread(get_status, address), servicer)


def test_a_run_is_watched_from_its_progress_to_its_result() -> None:
    events = pb.RunEvent(status=TRAINING), pb.RunEvent(epoch=EPOCH), pb.RunEvent(result=RESULT)

    seen, result = watch(ScriptedControl(*events))

    assert seen == [
        Progress("training", epoch=1, epochs=2, step=20, steps=32),
        EpochRecord(0, 16, 2.0, (50.0,), 0.5, None, 0.0, 0.0),
    ]
    assert (result.steps, result.error, result.weights_sha256) == (32, 0.25, "5ha")


def test_a_run_that_starts_over_is_told_once_each_time() -> None:
    waiting = [pb.RunStatus(stage=pb.STAGE_WAITING, restarts=restarts) for restarts in (0, 1, 1, 2)]

    seen, _ = watch(ScriptedControl(*(pb.RunEvent(status=each) for each in waiting), pb.RunEvent(result=RESULT)))

    assert [event for event in seen if isinstance(event, StartedOver)] == [StartedOver("a link was lost")] * 2


def test_a_run_that_fails_gives_the_base_stations_reason() -> None:
    with pytest.raises(RunFailedError, match="link 1 was lost"):
        watch(ScriptedControl(pb.RunEvent(status=FAILED)))


def test_a_base_station_that_breaks_off_is_an_error_that_says_so() -> None:
    with pytest.raises(BaseStationLostError, match=r"lost the base station at .*: the script says so"):
        watch(ScriptedControl(pb.RunEvent(epoch=EPOCH), ending=grpc.StatusCode.UNAVAILABLE))


def test_a_stream_without_a_result_is_an_error() -> None:
    with pytest.raises(BaseStationLostError, match="without a result"):
        watch(ScriptedControl(pb.RunEvent(epoch=EPOCH)))


def test_the_status_is_the_base_stations() -> None:
    assert status(ScriptedControl(pb.RunEvent(status=TRAINING))) == TRAINING


def test_a_server_that_is_no_base_station_is_told_apart() -> None:
    with pytest.raises(UnreachableError, match="answers, but is no base station"):
        status(None)


def turn(servicer: ControlServicer | None, link: int | None) -> list[float]:
    return ask(lambda address: asyncio.to_thread(set_beta, address, link, 0.5), servicer)


def test_the_knob_is_turned_for_a_link_or_for_all() -> None:
    assert turn(ScriptedControl(), 0) == [0.5, 0.0]  # link 0 is a link, not the absence of one
    assert turn(ScriptedControl(), None) == [0.5, -1.0]


@pytest.mark.parametrize("refusal", Refusal)
def test_a_refused_value_is_an_error_of_the_command_line_with_the_base_stations_reason(refusal: Refusal) -> None:
    with pytest.raises(ConfigError, match=r"beta set --link 3 0\.5: the script says so"):
        turn(ScriptedControl(ending=grpc.StatusCode[refusal.name]), 3)


def test_a_server_without_a_knob_is_told_apart() -> None:
    with pytest.raises(UnreachableError, match="answers, but is no base station with a knob for β"):
        turn(None, None)
    with pytest.raises(UnreachableError, match=r"no base station answered at 127\.0\.0\.1:1: "):
        set_beta("127.0.0.1:1", None, 0.5)


LOAD = Workload(queries=3, samples=1, window=1, rate_per_s=0.0, seed=0)


def measured(servicer: ControlServicer | None, load: Workload = LOAD) -> list[LinkStamps]:
    return ask(lambda address: measure(address, load), servicer)


def test_a_measured_load_comes_link_by_link() -> None:
    links = measured(ScriptedControl(measured=(0, 1)))
    assert [(each.link, each.names, each.at_ns.shape) for each in links] == [
        (0, STAMPS, (3, len(STAMPS))),
        (1, STAMPS, (3, len(STAMPS))),
    ]


@pytest.mark.parametrize(
    ("ending", "error"),
    [
        (grpc.StatusCode.ABORTED, RunFailedError),
        (grpc.StatusCode.FAILED_PRECONDITION, ConfigError),
        (grpc.StatusCode.INVALID_ARGUMENT, ConfigError),
        (grpc.StatusCode.UNAVAILABLE, UnreachableError),
    ],
)
def test_a_load_that_is_not_measured_is_an_error_with_the_base_stations_reason(
    ending: grpc.StatusCode, error: type[Exception]
) -> None:
    with pytest.raises(error, match="the script says so"):
        measured(ScriptedControl(ending=ending))


def test_a_load_that_nobody_carries_is_not_asked_for() -> None:
    with pytest.raises(ProtocolError, match="a workload with window = 0: expected 1 to 256"):
        measured(None, Workload(queries=3, samples=1, window=0, rate_per_s=0.0, seed=0))
    with pytest.raises(UnreachableError, match="answers, but is no base station that measures loads"):
        measured(None)


def test_an_address_where_nobody_listens_is_an_error_that_names_it() -> None:
    with pytest.raises(UnreachableError, match=r"^no base station answered at 127\.0\.0\.1:1: Connection refused$"):
        get_status("127.0.0.1:1")


@pytest.mark.parametrize("stage", pb.Stage.values())
def test_every_stage_has_a_name_in_small_letters(stage: pb.Stage.ValueType) -> None:
    assert stage_name(stage).isalpha()
    assert stage_name(stage).islower()


def test_a_stage_of_a_later_version_keeps_its_number() -> None:
    assert stage_name(pb.Stage.ValueType(99)) == "stage 99"
