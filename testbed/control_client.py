"""Client of a base station's control service: follows a run, sets β, measures, deploys models.

`tls` is the folder of an operator's certificates; None for plaintext.
"""

import asyncio
import math
from collections.abc import AsyncIterable, AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
import grpc.aio

from splitwave.common.errors import ConfigError, Refusal, RunFailedError, SplitwaveError, UnreachableError
from splitwave.common.protocol.workload import LinkStamps, Workload, check_workload
from splitwave.common.records.results import RunResult
from splitwave.common.runtime.dialling import failure_reason, open_aio_channel
from splitwave.common.runtime.readable_replies import with_readable_replies
from splitwave.common.runtime.rpc import CLIENT_OPTIONS
from splitwave.common.runtime.tls_folder import TlsFolder
from splitwave.common.wire.parsing import readable
from splitwave.common.wire.pb import control_pb2 as pb
from splitwave.common.wire.pb.control_pb2_grpc import ControlStub
from splitwave.common.wire.results import epoch_from_proto, evaluation_from_proto, result_from_proto
from splitwave.common.wire.workload import link_stamps_from_proto, workload_to_proto
from splitwave.testbed.engine import Observer, Progress, StartedOver

if TYPE_CHECKING:  # only the stub file has it
    from splitwave.common.wire.pb.control_pb2_grpc import ControlAsyncStub

STATUS_DEADLINE_S = 30.0
"""Deadline of an answer, generous for busy machines; where no server listens, the call fails at once."""

_PIECE_BYTES = 1024 * 1024
"""Bytes of a file in one message of a deployment."""

_REFUSALS = frozenset(grpc.StatusCode[refusal.name] for refusal in Refusal)
_DENIED = frozenset({grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED})


class BaseStationLostError(RunFailedError):
    """The connection broke before the base station reported how the run ended; the base station may come back."""


@asynccontextmanager
async def _control(address: str, tls: TlsFolder | None) -> "AsyncIterator[ControlAsyncStub]":
    """A stub for one use of a base station's control service."""
    async with open_aio_channel(address, CLIENT_OPTIONS, tls) as grpc_channel:
        yield ControlStub(with_readable_replies(grpc_channel, f"the base station at {address}"))


async def watch_run(
    address: str, observe: Observer, tls: TlsFolder | None = None, answer_limit_s: float | None = None
) -> RunResult:
    """Follow a run to its end; `observe` receives every epoch and the progress in between.

    Args:
        address: of the base station.
        observe: the observer.
        tls: files to dial it with.
        answer_limit_s: seconds until the base station must answer; None for no limit.

    Raises:
        RunFailedError: the run failed.
        UnreachableError: the base station did not answer in time.
        BaseStationLostError: the base station was lost, so the outcome is unknown.
        ProtocolError: the base station sent something that is not a report.
    """
    async with _control(address, tls) as control:
        restarts = 0
        try:
            # No deadline: the length of a run is unknown, and the supervisor notices if the base station dies.
            events = control.WatchRun(pb.WatchRunRequest(), wait_for_ready=True)
            async for event in _answered(address, events, answer_limit_s):
                match readable(event).WhichOneof("body"):
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
            reason = failure_reason(error.details(), tls)
            raise BaseStationLostError(f"lost the base station at {address}: {reason}") from None
    raise BaseStationLostError("the base station ended without a result")


async def _answered(
    address: str, events: AsyncIterable[pb.RunEvent], limit_s: float | None
) -> AsyncIterator[pb.RunEvent]:
    """Pass events on; the first must come in time, since a base station sends its status at once."""
    try:
        async with asyncio.timeout(limit_s) as patience:
            async for event in events:
                patience.reschedule(None)
                yield event
    except TimeoutError:
        raise UnreachableError(f"no base station answered at {address} within {limit_s:g} s") from None


def get_status(address: str, tls: TlsFolder | None = None) -> pb.RunStatus:
    """Ask a base station for the status of its run.

    Raises:
        UnreachableError: no base station answers at `address` in time.
        ConfigError: it refuses this party's certificate.
    """
    return asyncio.run(ask_status(address, tls))


async def ask_status(address: str, tls: TlsFolder | None = None) -> pb.RunStatus:
    """Do the same as `get_status`, within a running event loop.

    Raises:
        UnreachableError: no base station answers at `address` in time.
        ConfigError: it refuses this party's certificate.
    """
    async with _control(address, tls) as control:
        call = control.GetStatus(pb.GetStatusRequest(), timeout=STATUS_DEADLINE_S)
        try:
            status: pb.RunStatus = readable(await call)
        except grpc.aio.AioRpcError as error:
            raise _no_answer(address, error, "it is not a base station", tls) from None
        else:
            return status


def set_beta(address: str, link: int | None, beta: float, tls: TlsFolder | None = None) -> list[float]:
    """Set the β of one link, or of all links if `link` is None, for the queries that follow.

    Returns:
        The β of each link afterwards.

    Raises:
        ConfigError: the base station refused the value; the message has its reason.
        UnreachableError: no base station answers at `address` in time.
    """
    return asyncio.run(_ask_for_beta(address, pb.SetBetaRequest(link=link, beta=beta), tls))


async def _ask_for_beta(address: str, request: pb.SetBetaRequest, tls: TlsFolder | None) -> list[float]:
    async with _control(address, tls) as control:
        try:
            reply = await control.SetBeta(request, timeout=STATUS_DEADLINE_S)
        except grpc.aio.AioRpcError as error:
            if error.code() in _REFUSALS:
                link = f"--link {request.link} " if request.HasField("link") else ""
                raise ConfigError(f"beta set {link}{request.beta}: {error.details()}") from None
            raise _no_answer(address, error, "it is not a base station with a β control", tls) from None
    return list(readable(reply).betas)


async def measure(address: str, workload: Workload, tls: TlsFolder | None = None) -> list[LinkStamps]:
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
    async with _control(address, tls) as control:
        try:
            # No deadline: the workload determines the duration, and keepalive detects a lost base station.
            return [link_stamps_from_proto(readable(link)) async for link in control.Measure(request)]
        except grpc.aio.AioRpcError as error:
            if error.code() is grpc.StatusCode.ABORTED:
                raise RunFailedError(str(error.details())) from None
            if error.code() in _REFUSALS:
                raise ConfigError(f"refused by {address}: {error.details()}") from None
            raise _no_answer(address, error, "it is not a base station that measures workloads", tls) from None


async def deploy(address: str, folder: Path, tls: TlsFolder | None = None) -> pb.DeployReply:
    """Make a station that answers live queries use a model; returns when all its devices do.

    Args:
        address: of the station.
        folder: that `splitwave export` wrote, and whose files were checked.
        tls: files to dial it with.

    Raises:
        ConfigError: the station refused the model; the message has its reason.
        UnreachableError: no station answers at `address`.
    """
    await ask_status(address, tls)  # an error says why before a folder is sent, and gRPC hides the reason
    async with _control(address, tls) as control:
        return await _changed_model(address, control.Deploy(_pieces(folder)), tls)


async def roll_back(address: str, tls: TlsFolder | None = None) -> pb.DeployReply:
    """Make a station use the model before the one in use again; errors are those of `deploy`."""
    async with _control(address, tls) as control:
        return await _changed_model(address, control.RollBack(pb.RollBackRequest()), tls)


async def _changed_model(address: str, call: Awaitable[pb.DeployReply], tls: TlsFolder | None) -> pb.DeployReply:
    try:
        reply: pb.DeployReply = readable(await call)
    except grpc.aio.AioRpcError as error:
        if error.code() in _REFUSALS:
            raise ConfigError(f"refused by {address}: {error.details()}") from None
        raise _no_answer(address, error, "it is not a base station that takes models", tls) from None
    return reply


async def _pieces(folder: Path) -> AsyncIterator[pb.DeployChunk]:
    for path in sorted(each for each in folder.rglob("[!.]*") if each.is_file()):
        name, size = path.relative_to(folder).as_posix(), path.stat().st_size
        with path.open("rb") as file:
            for _ in range(max(1, math.ceil(size / _PIECE_BYTES))):
                yield pb.DeployChunk(file=name, file_bytes=size, data=file.read(_PIECE_BYTES))


def _no_answer(address: str, error: grpc.aio.AioRpcError, unimplemented: str, tls: TlsFolder | None) -> SplitwaveError:
    if error.code() in _DENIED:
        return ConfigError(f"refused by {address}: {error.details()}")
    if error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED:
        return UnreachableError(f"refused by {address} for now: {error.details()}")
    if error.code() is grpc.StatusCode.UNIMPLEMENTED:
        return UnreachableError(f"{address} answers, but {unimplemented}")
    return UnreachableError(f"no base station answered at {address}: {failure_reason(error.details(), tls)}")


def progress_from_proto(status: pb.RunStatus) -> Progress:
    """Convert a status message to the progress of the run."""
    return Progress(stage_name(status.stage), status.epoch, status.epochs, status.step, status.steps)


def stage_name(stage: pb.Stage.ValueType) -> str:
    """Return `waiting`, `training`, …; a stage that this version does not know is named by its number."""
    known = stage in pb.Stage.values()
    return pb.Stage.Name(stage).removeprefix("STAGE_").lower() if known else f"stage {stage}"
