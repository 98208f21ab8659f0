"""The control service of a station that answers live queries: its status, its model, and β."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

from grpc import aio

from splitwave.basestation.service.deployed_folder import DeployedFolder, in_time, read_to_end
from splitwave.basestation.serving.live_model import LiveModel
from splitwave.basestation.serving.station_controls import StationControls
from splitwave.common.errors import CheckpointError, ConfigError, ProtocolError, Refusal
from splitwave.common.runtime.rpc import refuse
from splitwave.common.wire.pb import control_pb2 as pb
from splitwave.common.wire.pb import control_pb2_grpc

Context = aio.ServicerContext[Any, Any]


class StationControl(control_pb2_grpc.ControlServicer):
    """Answers operators; never on the way of a query."""

    def __init__(self, controls: StationControls, station_id: str) -> None:
        """Args: the station, and its name in logs."""
        self._controls = controls
        self._id = station_id

    async def GetStatus(self, request: pb.GetStatusRequest, context: "Context") -> pb.RunStatus:  # noqa: ARG002, N802
        """The status of the station now."""
        model = self._controls.model
        return pb.RunStatus(
            run_id=self._id,
            stage=pb.STAGE_SERVING,
            links=[self._link_status(link) for link in range(model.config.links)],
            queries=self._controls.queries,
            model_number=model.number,
            model_version=model.version,
        )

    async def SetBeta(self, request: pb.SetBetaRequest, context: "Context") -> pb.SetBetaReply:  # noqa: N802
        """Set β of later queries, of one link or of all."""
        try:
            betas = self._controls.set_beta(request.link if request.HasField("link") else None, request.beta)
        except ProtocolError as error:
            await refuse(context, error)
        return pb.SetBetaReply(betas=betas)

    async def Deploy(  # noqa: N802
        self, request_iterator: AsyncIterator[pb.DeployChunk], context: "Context"
    ) -> pb.DeployReply:
        """Use the model of a folder, once all devices have loaded it; one folder at a time is taken."""
        chunks, switch = in_time(request_iterator), self._controls.switch
        try:
            with switch.alone(), tempfile.TemporaryDirectory(prefix="splitwave-deploy-") as folder:
                await DeployedFolder(Path(folder)).receive(chunks)
                return self._reply(await switch.deploy(Path(folder)))
        except ProtocolError as error:
            with suppress(ProtocolError):
                await read_to_end(chunks)
            await refuse(context, error)
        except (CheckpointError, ConfigError) as error:
            reason = str(error).replace(f"{folder}/", "")  # the operator sent the files, from elsewhere
            await refuse(context, ProtocolError(reason, Refusal.FAILED_PRECONDITION))

    async def RollBack(self, request: pb.RollBackRequest, context: "Context") -> pb.DeployReply:  # noqa: ARG002, N802
        """Use the model before the one in use again."""
        try:
            with self._controls.switch.alone():
                return self._reply(await self._controls.switch.roll_back())
        except ProtocolError as error:
            await refuse(context, error)

    async def WatchRun(  # type: ignore[override]  # noqa: N802 — a coroutine that writes to its context
        self,
        request: pb.WatchRunRequest,  # noqa: ARG002
        context: "Context",
    ) -> None:
        """Refuse to: a station has no run."""
        await self._refuse_run(context, "there is no run to watch; `splitwave status` shows a station")

    async def Measure(  # type: ignore[override]  # noqa: N802 — as above
        self,
        request: pb.MeasureRequest,  # noqa: ARG002
        context: "Context",
    ) -> None:
        """Refuse to: live devices have no test split."""
        await self._refuse_run(context, "its devices have samples of their own, and send no workload")

    async def _refuse_run(self, context: "Context", reason: str) -> NoReturn:
        model = self._controls.model.version
        await refuse(
            context,
            ProtocolError(
                f"this station answers live queries with model {model}: {reason}", Refusal.FAILED_PRECONDITION
            ),
        )

    def _reply(self, model: LiveModel) -> pb.DeployReply:
        return pb.DeployReply(number=model.number, version=model.version, devices=len(self._controls.sessions))

    def _link_status(self, link: int) -> pb.LinkStatus:
        betas = self._controls.betas
        status = pb.LinkStatus(link=link, beta=betas[link] if betas else None)
        if session := self._controls.sessions.get(link):
            status.device_id, status.peer = session.device_id, session.peer
            status.ready, status.blocks = session.ready, session.blocks
        return status
