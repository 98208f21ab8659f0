"""Client of a base station's control service: follows a run, asks for its status, sets β, and measures workloads."""

import asyncio

import grpc
import grpc.aio

from splitwave.common.errors import ConfigError, Refusal, RunFailedError, UnreachableError
from splitwave.common.protocol.workload import LinkStamps, Workload, check_workload
from splitwave.common.records.results import RunResult
from splitwave.common.runtime.grpc_reason import short_reason
from splitwave.common.runtime.rpc import CLIENT_OPTIONS
from splitwave.common.wire.pb import control_pb2 as pb
from splitwave.common.wire.pb.control_pb2_grpc import ControlStub
from splitwave.common.wire.results import epoch_from_proto, evaluation_from_proto, result_from_proto
from splitwave.common.wire.workload import link_stamps_from_proto, workload_to_proto
from splitwave.testbed.engine import Observer, Progress, StartedOver

STATUS_DEADLINE_S = 30.0
"""Deadline of an answer, generous for busy machines; where no server listens, the call fails at once."""

_REFUSALS = frozenset(grpc.StatusCode[refusal.name] for refusal in Refusal)


class BaseStationLostError(RunFailedError):
    """The connection broke before the base station reported how the run ended; the base station may come back."""


async def watch_run(address: str, observe: Observer) -> RunResult:
    """Follow a run to its end; `observe` receives every epoch and the progress in between.

    Raises:
        RunFailedError: the run failed.
        BaseStationLostError: the base station was lost, so the outcome is unknown.
    """
    async with grpc.aio.insecure_channel(address, options=CLIENT_OPTIONS) as grpc_channel:
        restarts = 0
        try:
            # No deadline: the length of a run is unknown, and the supervisor notices if the base station dies.
            async for event in ControlStub(grpc_channel).WatchRun(pb.WatchRunRequest(), wait_for_ready=True):
                match event.WhichOneof("body"):
                    case "epoch":
                        observe(epoch_from_proto(event.epoch))
                    case "evaluation":
                        observe(evaluation_from_proto(event.evaluation))
                    case "status":
                        observe(progress_from_proto(event.status))
                        if event.status.restarts > restarts:
                            restarts = event.status.restarts
                            observe(StartedOver("a link was lost"))
                        if event.status.failure:
                            raise RunFailedError(event.status.failure)
                    case "result":
                        return result_from_proto(event.result)
        except grpc.aio.AioRpcError as error:
            raise BaseStationLostError(f"lost the base station at {address}: {short_reason(error.details())}") from None
    raise BaseStationLostError("the base station ended without a result")


def get_status(address: str) -> pb.RunStatus:
    """Ask a base station for the status of its run.

    Raises:
        UnreachableError: no base station answers at `address` in time.
    """
    return asyncio.run(ask_status(address))


async def ask_status(address: str) -> pb.RunStatus:
    """Do the same as `get_status`, within a running event loop.

    Raises:
        UnreachableError: no base station answers at `address` in time.
    """
    async with grpc.aio.insecure_channel(address, options=CLIENT_OPTIONS) as grpc_channel:
        call = ControlStub(grpc_channel).GetStatus(pb.GetStatusRequest(), timeout=STATUS_DEADLINE_S)
        try:
            status: pb.RunStatus = await call
        except grpc.aio.AioRpcError as error:
            raise _no_answer(address, error, "it is not a base station") from None
        else:
            return status


def set_beta(address: str, link: int | None, beta: float) -> list[float]:
    """Set the β of one link, or of all links if `link` is None, for the queries that follow.

    Returns:
        The β of each link afterwards.

    Raises:
        ConfigError: the base station refused the value; the message has its reason.
        UnreachableError: no base station answers at `address` in time.
    """
    return asyncio.run(_ask_for_beta(address, pb.SetBetaRequest(link=link, beta=beta)))


async def _ask_for_beta(address: str, request: pb.SetBetaRequest) -> list[float]:
    async with grpc.aio.insecure_channel(address, options=CLIENT_OPTIONS) as grpc_channel:
        try:
            reply = await ControlStub(grpc_channel).SetBeta(request, timeout=STATUS_DEADLINE_S)
        except grpc.aio.AioRpcError as error:
            if error.code() in _REFUSALS:
                link = f"--link {request.link} " if request.HasField("link") else ""
                raise ConfigError(f"beta set {link}{request.beta}: {error.details()}") from None
            raise _no_answer(address, error, "it is not a base station with a β control") from None
    return list(reply.betas)


async def measure(address: str, workload: Workload) -> list[LinkStamps]:
    """Make the devices of a serving base station send a workload of queries, and collect the time stamps.

    Returns:
        For each link the time stamps of every query.

    Raises:
        ProtocolError: the workload is invalid for every base station.
        ConfigError: this base station refused the workload; the message has its reason.
        RunFailedError: a link was lost during the measurement.
        UnreachableError: no base station answers at `address`.
    """
    check_workload(workload)
    request = pb.MeasureRequest(workload=workload_to_proto(workload))
    async with grpc.aio.insecure_channel(address, options=CLIENT_OPTIONS) as grpc_channel:
        try:
            # No deadline: the workload determines the duration, and keepalive detects a lost base station.
            return [link_stamps_from_proto(link) async for link in ControlStub(grpc_channel).Measure(request)]
        except grpc.aio.AioRpcError as error:
            if error.code() is grpc.StatusCode.ABORTED:
                raise RunFailedError(str(error.details())) from None
            if error.code() in _REFUSALS:
                raise ConfigError(f"refused by {address}: {error.details()}") from None
            raise _no_answer(address, error, "it is not a base station that measures workloads") from None


def _no_answer(address: str, error: grpc.aio.AioRpcError, unimplemented: str) -> UnreachableError:
    if error.code() is grpc.StatusCode.UNIMPLEMENTED:
        return UnreachableError(f"{address} answers, but {unimplemented}")
    return UnreachableError(f"no base station answered at {address}: {short_reason(error.details())}")


def progress_from_proto(status: pb.RunStatus) -> Progress:
    """Convert a status message to the progress of the run."""
    return Progress(stage_name(status.stage), status.epoch, status.epochs, status.step, status.steps)


def stage_name(stage: pb.Stage.ValueType) -> str:
    """Return `waiting`, `training`, …; a stage that this version does not know is named by its number."""
    known = stage in pb.Stage.values()
    return pb.Stage.Name(stage).removeprefix("STAGE_").lower() if known else f"stage {stage}"
