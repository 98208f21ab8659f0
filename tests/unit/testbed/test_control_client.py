"""The control client over a real connection to a base station with scripted answers."""

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
    """Sends scripted events, then ends the stream normally or with a status."""

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
        context: "grpc.aio.ServicerContext[Any, Any]",
    ) -> pb.RunStatus:
        if self._ending is not grpc.StatusCode.OK:
            await context.abort(self._ending, "the script says so")
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

    async def Deploy(  # noqa: N802
        self, request_iterator: AsyncIterator[pb.DeployChunk], context: "grpc.aio.ServicerContext[Any, Any]"
    ) -> pb.DeployReply:
        if self._ending is not grpc.StatusCode.OK:
            await context.abort(self._ending, "the script says so")
        return pb.DeployReply(number=2, version=(await anext(aiter(request_iterator))).file, devices=1)

    async def RollBack(  # noqa: N802
        self,
        request: pb.RollBackRequest,  # noqa: ARG002
        context: "grpc.aio.ServicerContext[Any, Any]",
    ) -> pb.DeployReply:
        if self._ending is not grpc.StatusCode.OK:
            await context.abort(self._ending, "the script says so")
        return pb.DeployReply(number=1, version="earlier", devices=1)


def ask(ask_at: Callable[[str], Awaitable[T]], servicer: ControlServicer | None) -> T:
    """Run `ask_at` with the address of a server that offers this service, or none; returns its result."""

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


def test_each_restart_of_a_run_is_reported_once() -> None:
    waiting = [pb.RunStatus(stage=pb.STAGE_WAITING, restarts=restarts) for restarts in (0, 1, 1, 2)]

    seen, _ = watch(ScriptedControl(*(pb.RunEvent(status=each) for each in waiting), pb.RunEvent(result=RESULT)))

    assert [event for event in seen if isinstance(event, StartedOver)] == [StartedOver("a link was lost")] * 2


def test_a_run_that_fails_gives_the_base_stations_reason() -> None:
    with pytest.raises(RunFailedError, match="link 1 was lost"):
        watch(ScriptedControl(pb.RunEvent(status=FAILED)))


def test_a_broken_connection_is_reported_as_a_lost_base_station() -> None:
    with pytest.raises(BaseStationLostError, match=r"lost the base station at .*: the script says so"):
        watch(ScriptedControl(pb.RunEvent(epoch=EPOCH), ending=grpc.StatusCode.UNAVAILABLE))


def test_a_stream_without_a_result_is_an_error() -> None:
    with pytest.raises(BaseStationLostError, match="without a result"):
        watch(ScriptedControl(pb.RunEvent(epoch=EPOCH)))


def test_the_status_is_the_base_stations() -> None:
    assert status(ScriptedControl(pb.RunEvent(status=TRAINING))) == TRAINING


def test_a_refusal_of_too_many_calls_does_not_read_like_silence() -> None:
    with pytest.raises(UnreachableError, match=r"refused by 127\.0\.0\.1:\d+ for now: the script says so"):
        status(ScriptedControl(pb.RunEvent(status=TRAINING), ending=grpc.StatusCode.RESOURCE_EXHAUSTED))


def test_a_server_without_the_control_service_is_refused() -> None:
    with pytest.raises(UnreachableError, match="answers, but it is not a base station"):
        status(None)


def set_to_half(servicer: ControlServicer | None, link: int | None) -> list[float]:
    return ask(lambda address: asyncio.to_thread(set_beta, address, link, 0.5), servicer)


def test_beta_is_set_for_one_link_or_for_all() -> None:
    assert set_to_half(ScriptedControl(), 0) == [0.5, 0.0]  # link 0 is a link, not the absence of one
    assert set_to_half(ScriptedControl(), None) == [0.5, -1.0]


@pytest.mark.parametrize("refusal", Refusal)
def test_a_refused_value_is_a_config_error_with_the_base_stations_reason(refusal: Refusal) -> None:
    with pytest.raises(ConfigError, match=r"beta set --link 3 0\.5: the script says so"):
        set_to_half(ScriptedControl(ending=grpc.StatusCode[refusal.name]), 3)


def test_a_server_without_beta_control_is_refused() -> None:
    with pytest.raises(UnreachableError, match="answers, but it is not a base station with a β control"):
        set_to_half(None, None)
    with pytest.raises(UnreachableError, match=r"no base station answered at 127\.0\.0\.1:1: "):
        set_beta("127.0.0.1:1", None, 0.5)


WORKLOAD = Workload(queries=3, samples=1, window=1, rate_per_s=0.0, seed=0)


def measured(servicer: ControlServicer | None, workload: Workload = WORKLOAD) -> list[LinkStamps]:
    return ask(lambda address: measure(address, workload), servicer)


def test_a_measured_workload_returns_the_stamps_of_each_link() -> None:
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
def test_a_failed_measurement_is_an_error_with_the_base_stations_reason(
    ending: grpc.StatusCode, error: type[Exception]
) -> None:
    with pytest.raises(error, match="the script says so"):
        measured(ScriptedControl(ending=ending))


def test_an_invalid_workload_is_refused_before_it_is_sent() -> None:
    with pytest.raises(ProtocolError, match="a workload with window = 0: expected 1 to 256"):
        measured(None, Workload(queries=3, samples=1, window=0, rate_per_s=0.0, seed=0))
    with pytest.raises(UnreachableError, match="answers, but it is not a base station that measures workloads"):
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
