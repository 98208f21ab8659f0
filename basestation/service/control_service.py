"""The control service of the base station: what watchers see of a run, and the knob that they turn."""

from collections.abc import AsyncIterator
from typing import Any

from grpc import aio

from splitwave.basestation.run.coordinator import Coordinator
from splitwave.common.errors import ProtocolError
from splitwave.common.records.results import EpochRecord, Evaluation, RunResult
from splitwave.common.runtime.rpc import refuse
from splitwave.common.wire.pb import control_pb2 as pb
from splitwave.common.wire.pb import control_pb2_grpc
from splitwave.common.wire.results import epoch_to_proto, evaluation_to_proto, result_to_proto
from splitwave.common.wire.workload import link_stamps_to_proto, workload_from_proto

SERVICE = pb.DESCRIPTOR.services_by_name["Control"].full_name


class ControlService(control_pb2_grpc.ControlServicer):
    """Answers what an operator asks; never on the data path."""

    def __init__(self, coordinator: Coordinator) -> None:
        """Args: whose run is watched."""
        self._coordinator = coordinator

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
        async for event in self._coordinator.run.log.events():
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
        """Turn the knob."""
        try:
            betas = self._coordinator.set_beta(request.link if request.HasField("link") else None, request.beta)
        except ProtocolError as error:
            await refuse(context, error)
        return pb.SetBetaReply(betas=betas)

    async def Measure(  # noqa: N802
        self, request: pb.MeasureRequest, context: "aio.ServicerContext[Any, Any]"
    ) -> AsyncIterator[pb.MeasuredLink]:
        """Have a workload sent."""
        try:
            measured = await self._coordinator.measure(workload_from_proto(request.workload))
        except ProtocolError as error:
            await refuse(context, error)
        for stamps in measured:
            yield link_stamps_to_proto(stamps)

    def _status(self) -> pb.RunStatus:
        run = self._coordinator
        links = []
        control = run.run.beta_control
        for link in range(run.run.config.links):
            session = run.admission.sessions.get(link)
            beta = control.betas[link] if control.is_available else None
            links.append(
                pb.LinkStatus(link=link, beta=beta)
                if session is None
                else pb.LinkStatus(
                    link=link,
                    beta=beta,
                    device_id=session.device_id,
                    peer=session.peer,
                    ready=session.ready,
                    blocks=session.blocks,
                    late=link in run.late,
                )
            )
        return pb.RunStatus(
            run_id=run.run_id,
            stage=pb.Stage.ValueType(run.stage),
            epoch=run.run.plan.epoch(run.step),
            epochs=run.run.config.training.epochs,
            step=run.step,
            steps=run.run.plan.steps,
            links=links,
            failure=run.failure,
            restarts=run.restarts,
            queries=run.queries,
        )
