"""The requests of an operator to a run: β of the links, and measurements of workloads. No transport."""

from splitwave.basestation.fusion.fusion_policy import FusionPolicies, load_fusion_policy
from splitwave.basestation.run.coordinator import Coordinator
from splitwave.basestation.run.stage import Stage
from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import ProtocolError, Refusal
from splitwave.common.protocol.link_setting import LinkSetting
from splitwave.common.protocol.messages import SetLink
from splitwave.common.protocol.workload import LinkStamps, Overflow, Workload, check_workload


class OperatorControls:
    """Carries an operator's requests into a run."""

    def __init__(self, coordinator: Coordinator) -> None:
        """Args: who leads the run."""
        self._coordinator = coordinator

    def set_beta(self, link: int | None, beta: float) -> list[float]:
        """Set β of one link's serving blocks, or of all links', from the next block on.

        Returns:
            β by link, as it is now.

        Raises:
            ProtocolError: the run is over, or see `BetaControl.set_beta`.
        """
        run, control = self._coordinator, self._coordinator.context.beta_control
        if run.state.stage.is_over:
            raise ProtocolError("the run is over: there is nothing to set", Refusal.FAILED_PRECONDITION)
        for changed in control.set_beta(link, beta):
            if session := run.admission.sessions.get(changed):
                session.send(SetLink(LinkSetting(beta=beta)))
        run.context.events.beta_set(link, beta)
        return list(control.betas)

    async def measure(self, workload: Workload) -> list[LinkStamps]:
        """Have the devices send a workload as soon as no serving pass is under way.

        Returns:
            The time stamps of each link.

        Raises:
            ProtocolError: the workload cannot be carried out, or not by this run, the run does not serve, another
                workload is being measured, or a link was lost on the way.
        """
        run = self._coordinator
        check_workload(workload, run.context.config.inference.block_size)
        _check_overflow(workload, run.context.config)
        if run.state.stage is not Stage.SERVING or not run.agenda.serves_on:
            now = "ends with its result" if run.state.stage is Stage.SERVING else f"is {run.state.stage.name.lower()}"
            raise ProtocolError(
                f"the run {now}: a workload is measured while a base station serves on (--serve-every)",
                Refusal.FAILED_PRECONDITION,
            )
        return await run.agenda.requests.ask(workload)


def _check_overflow(workload: Workload, config: RunConfig) -> None:
    """Refuse a workload whose devices drop queries independently, if the run's policy would have to wait for all."""
    if workload.overflow is Overflow.BLOCK or config.links == 1:
        return
    if not FusionPolicies.of(load_fusion_policy(config)).may_miss_any(range(config.links)):
        raise ProtocolError(
            f"a workload with overflow = {workload.overflow} for {config.links} links under fusion.policy = "
            f"{config.fusion.policy}: expected one link, or the policy deadline, which answers with those that are in",
            Refusal.FAILED_PRECONDITION,
        )
