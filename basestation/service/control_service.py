"""The control service of the base station: shows a run to watchers, and takes an operator's requests."""

from collections.abc import AsyncIterator
from typing import Any, NoReturn

from grpc import aio

from splitwave.basestation.run.coordinator import Coordinator
from splitwave.basestation.run.operator_controls import OperatorControls
from splitwave.basestation.service.deployed_folder import read_to_end
from splitwave.common.errors import ProtocolError, Refusal
from splitwave.common.records.results import EpochRecord, Evaluation, RunResult
from splitwave.common.runtime.rpc import refuse
from splitwave.common.wire.pb import control_pb2 as pb
from splitwave.common.wire.pb import control_pb2_grpc
from splitwave.common.wire.results import by_links_to_proto, epoch_to_proto, evaluation_to_proto, result_to_proto
from splitwave.common.wire.workload import link_stamps_to_proto, workload_from_proto

SERVICE = pb.DESCRIPTOR.services_by_name["Control"].full_name


class ControlService(control_pb2_grpc.ControlServicer):
    """Answers operators and watchers; never on the data path."""

    def __init__(self, run: Coordinator) -> None:
        """Args: the run that is watched and controlled."""
        self._run = run
        self._controls = OperatorControls(run)

    async def GetStatus(  # noqa: N802
        self,
        request: pb.GetStatusRequest,  # noqa: ARG002
        context: "aio.ServicerContext[Any, Any]",  # noqa: ARG002
    ) -> pb.RunStatus:
        """The run's status now."""
        return self._status()

    async def WatchRun(  # noqa: N802
        self,
        request: pb.WatchRunRequest,  # noqa: ARG002
        context: "aio.ServicerContext[Any, Any]",  # noqa: ARG002
    ) -> AsyncIterator[pb.RunEvent]:
        """The run from its first epoch to its result."""
        async for event in self._run.context.log.events():
            match event:
                case EpochRecord():
                    yield pb.RunEvent(epoch=epoch_to_proto(event))
                case Evaluation():
                    yield pb.RunEvent(evaluation=evaluation_to_proto(event))
                case RunResult():
                    yield pb.RunEvent(result=result_to_proto(event))
                case _:
                    yield pb.RunEvent(status=self._status())

    async def SetBeta(  # noqa: N802
        self, request: pb.SetBetaRequest, context: "aio.ServicerContext[Any, Any]"
    ) -> pb.SetBetaReply:
        """Set β of serving blocks, of one link or of all."""
        try:
            betas = self._controls.set_beta(request.link if request.HasField("link") else None, request.beta)
        except ProtocolError as error:
            await refuse(context, error)
        return pb.SetBetaReply(betas=betas)

    async def Measure(  # noqa: N802
        self, request: pb.MeasureRequest, context: "aio.ServicerContext[Any, Any]"
    ) -> AsyncIterator[pb.MeasuredLink]:
        """Have the devices send a workload; the time stamps of each link."""
        try:
            measured = await self._controls.measure(workload_from_proto(request.workload))
        except ProtocolError as error:
            await refuse(context, error)
        for stamps in measured:
            yield link_stamps_to_proto(stamps)

    async def Deploy(  # noqa: N802
        self,
        request_iterator: AsyncIterator[pb.DeployChunk],
        context: "aio.ServicerContext[Any, Any]",
    ) -> pb.DeployReply:
        """Refuse to: a run trains its own model."""
        await read_to_end(request_iterator)
        await _refuse_model(context)

    async def RollBack(  # noqa: N802
        self,
        request: pb.RollBackRequest,  # noqa: ARG002
        context: "aio.ServicerContext[Any, Any]",
    ) -> pb.DeployReply:
        """Refuse to, for the same reason."""
        await _refuse_model(context)

    def _status(self) -> pb.RunStatus:
        run, context = self._run, self._run.context
        return pb.RunStatus(
            run_id=context.run_id,
            stage=pb.Stage.ValueType(run.state.stage),
            epoch=context.plan.epoch(run.attempt.step),
            epochs=context.config.training.epochs,
            step=run.attempt.step,
            steps=context.plan.steps,
            links=[self._link_status(link) for link in range(context.config.links)],
            failure=run.state.failure,
            restarts=run.state.restarts,
            queries=context.served.queries,
            by_links=[by_links_to_proto(each) for each in context.served.counts.by_links()],
        )

    def _link_status(self, link: int) -> pb.LinkStatus:
        control = self._run.context.beta_control
        status = pb.LinkStatus(link=link, beta=control.betas[link] if control.is_available else None)
        if session := self._run.admission.sessions.get(link):
            status.device_id = session.device_id
            status.peer = session.peer
            status.ready = session.ready
            status.blocks = session.blocks
            status.late = link in self._run.stragglers.late
        return status


async def _refuse_model(context: "aio.ServicerContext[Any, Any]") -> NoReturn:
    reason = "this base station carries out a run with its own model: `splitwave serve` starts one that takes models"
    await refuse(context, ProtocolError(reason, Refusal.FAILED_PRECONDITION))
