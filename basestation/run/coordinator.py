"""Leads a run: waits for its links, has them work, and starts over when one is lost on the way. No transport."""

import asyncio
from collections.abc import Callable

from splitwave.basestation.learning.trainer import Trainer
from splitwave.basestation.links.admission import Admission
from splitwave.basestation.links.link_failures import MAX_FRUITLESS_RESTARTS, LinkFailures
from splitwave.basestation.links.link_session import LinkSession
from splitwave.basestation.run.agenda import Agenda
from splitwave.basestation.run.attempt import Attempt
from splitwave.basestation.run.run_context import RunContext
from splitwave.basestation.run.run_state import RunState
from splitwave.basestation.run.stage import Stage
from splitwave.basestation.run.straggler_watch import StragglerWatch
from splitwave.common.errors import RunFailedError
from splitwave.common.protocol.link_setting import LinkSetting
from splitwave.common.protocol.messages import Finish, SetLink
from splitwave.common.records.manifest import Manifest
from splitwave.common.records.results import RunResult
from splitwave.common.records.training_manifest import TrainingManifest

Checkpoint = Manifest | TrainingManifest
MakeTrainer = Callable[[Checkpoint | None], Trainer]


class Coordinator:
    """One run from its first device to its result, over as many attempts as it takes.

    Attributes:
        context: the run.
        state: where it is.
        admission: who holds its links.
        agenda: what it carries out.
        stragglers: which links are late.
        attempt: the attempt under way, or the next one.
    """

    def __init__(
        self,
        context: RunContext,
        state: RunState,
        admission: Admission,
        agenda: Agenda,
        *,
        make_trainer: MakeTrainer,
        rejoin_s: float,
        late_after_s: float,
        give_up_s: float,
    ) -> None:
        """Set up a run.

        Args:
            context: the run.
            state: where it is.
            admission: who holds its links.
            agenda: what it carries out.
            make_trainer: a fresh decoder, or that of a checkpoint.
            rejoin_s: seconds that a lost link may take to come back; 0 fails the run at once.
            late_after_s: seconds after which a link that owes something is late.
            give_up_s: seconds after which its stream is ended.

        Raises:
            CheckpointError: what `make_trainer` raises about the checkpoint.
            ConfigError: the fusion policy cannot be loaded.
        """
        self.context = context
        self.state = state
        self.admission = admission
        self.agenda = agenda
        self.stragglers = StragglerWatch(late_after_s, give_up_s, admission.sessions, context.events)
        self._make_trainer = make_trainer
        self._rejoin_s = rejoin_s
        self._link_failures = LinkFailures()
        self._under_way: asyncio.Task[None] | None = None
        self._work: asyncio.Task[RunResult] | None = None
        self._begin = agenda.checkpoint
        self.attempt = self._new_attempt(make_trainer(self._begin))

    async def lead(self) -> RunResult:
        """Lead the run to its end; cancelling it fails the run, or ends it in good order once it has a result.

        Raises:
            RunFailedError: a link was lost on the way, and did not come back.
        """
        self._work = asyncio.create_task(self._lead())
        watch = asyncio.create_task(self.stragglers.run(self._debts))
        try:
            return await self._work
        except asyncio.CancelledError:
            self._work.cancel()
            await asyncio.gather(self._work, return_exceptions=True)
            self.agenda.report_again()  # a pass may have ended just when the run was stopped
            if self.state.stage is Stage.FAILED:
                raise RunFailedError(self.state.failure) from None
            if self.agenda.result is not None:
                return self._finish(self.agenda.result)
            self._fail("the base station was stopped")
            raise
        except Exception as error:
            self._fail(str(error))
            raise
        finally:
            watch.cancel()
            self.agenda.requests.fail(self.state.failure or "the base station was stopped")
            self.context.log.close()

    def lose(self, session: LinkSession, reason: str, *, may_return: bool) -> None:
        """Handle the loss of a device.

        While the run waits for its first devices, the link is only freed. A run that serves goes on without the link if
        the fusion policy can do without it. Any other run under way starts over and waits for the device if it may
        return, for example after a lost connection; otherwise the run fails.
        """
        if self.state.stage.is_over:
            return
        self.admission.dismiss(session)
        loss = self._link_failures.add(session, reason)
        if self.state.stage is Stage.WAITING and (may_return or not session.in_run):
            return
        if self._can_do_without(session.link):
            self._go_on_without(session.link, loss)
        elif not may_return or not self._rejoin_s:
            self._give_up(loss)
        elif self._link_failures.is_stuck_after(self.agenda.progress(self.attempt.step)):
            self._give_up(f"{loss}; the run made no progress in {MAX_FRUITLESS_RESTARTS} restarts")
        else:
            self._start_over(loss)

    def send_beta(self, session: LinkSession) -> None:
        """Send a new device the β that was set for its link, because Welcome contains only the β of the settings."""
        control = self.context.beta_control
        if control.was_changed(session.link):
            session.send(SetLink(LinkSetting(beta=control.betas[session.link])))

    async def _lead(self) -> RunResult:
        self.context.log.touch()
        limit_s = None
        while True:
            await self._wait_for_links(limit_s)
            # Before anything else can happen: from here on a loss is one of a run under way.
            self.state.enter(self.agenda.next_stage)
            for session in self.admission.sessions.values():
                session.join_run()
            self._under_way = asyncio.create_task(self.agenda.carry_on(self.attempt))
            try:
                await self._under_way
                break
            except asyncio.CancelledError:
                task = asyncio.current_task()
                if task is None or task.cancelling():  # the run was given up, not only this attempt
                    raise
            self.attempt = self._new_attempt(await self.context.compute(self._make_trainer, self._begin))
            limit_s = self._rejoin_s
        assert self.agenda.result is not None
        return self._finish(self.agenda.result)

    async def _wait_for_links(self, limit_s: float | None) -> None:
        try:
            await self.admission.wait_until_complete(limit_s)
        except TimeoutError:
            missing = self._link_failures.explain(self.context.config.links, self.admission.sessions)
            raise RunFailedError(f"{missing}; waited for {limit_s:g} s") from None

    def _new_attempt(self, trainer: Trainer) -> Attempt:
        return Attempt(self.context, trainer, self._begin, self.admission.sessions)

    def _start_over(self, loss: str) -> None:
        """Give the attempt up, and call every device that is still here back to the last checkpoint."""
        assert self._under_way is not None
        self._under_way.cancel()
        self.agenda.requests.fail(loss)
        self.state.start_over()
        self._begin = self.agenda.checkpoint  # another may be published while the attempt ends
        step = self._begin.step if self._begin else 0
        self.context.events.run_started_over(loss, self.attempt.step, step, self._rejoin_s)
        self.admission.start_over(self._begin)
        for session in self.admission.sessions.values():
            self.send_beta(session)
        self.stragglers.reset()

    def _can_do_without(self, link: int) -> bool:
        return self.state.stage is Stage.SERVING and self.attempt.can_do_without(link)

    def _go_on_without(self, link: int, loss: str) -> None:
        """Serve with the links that are left; a device that returns takes part again from the next pass on."""
        checkpoint = self.agenda.checkpoint
        assert checkpoint is not None  # a run that serves has been trained
        self.admission.restore_from(checkpoint)
        self.attempt.lose(link)
        self.context.events.run_went_on(loss, tuple(sorted(self.attempt.links)))

    def _debts(self) -> dict[int, int]:
        """By link that owes something, a count of the messages on it."""
        sessions = self.admission.sessions if self.state.stage.is_under_way else {}
        return {link: each.activity for link, each in sessions.items() if self.attempt.owes(each)}

    def _finish(self, result: RunResult) -> RunResult:
        self.state.enter(Stage.FINISHED)
        for session in self.admission.sessions.values():
            session.send(Finish())
            session.close()
        return result

    def _give_up(self, reason: str) -> None:
        self._fail(reason)
        if self._work is not None:
            self._work.cancel()

    def _fail(self, reason: str) -> None:
        self.agenda.requests.fail(reason)
        self.state.fail(reason)
