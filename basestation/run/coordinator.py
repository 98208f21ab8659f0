"""Leads a run from the first device to the result, and over again when a link is lost on the way. No transport."""

import asyncio
import dataclasses
from collections.abc import Callable

import structlog

from splitwave.basestation.learning.trainer import Trainer
from splitwave.basestation.links.admission import Admission
from splitwave.basestation.links.link_failures import MAX_FRUITLESS_RESTARTS, LinkFailures, Progress
from splitwave.basestation.links.link_session import LinkSession
from splitwave.basestation.links.stragglers import StragglerDetector
from splitwave.basestation.run.attempt import Attempt, Run, Trained
from splitwave.basestation.run.passes import PassOutcome, merge_hops
from splitwave.basestation.run.policy import Policy
from splitwave.basestation.run.served_queries import ServingCounts
from splitwave.basestation.run.stage import Stage
from splitwave.basestation.run.workload_requests import WorkloadRequests
from splitwave.common.errors import ProtocolError, Refusal, RunFailedError
from splitwave.common.protocol.blocks import SymbolBlock
from splitwave.common.protocol.messages import Finish, Hello, Leaving, PartSaved, Ready, SetBeta, Uplink
from splitwave.common.protocol.phases import Phase, Symbols
from splitwave.common.protocol.reports import EpochReport, PassReport
from splitwave.common.protocol.workload import LinkStamps, Workload, check_workload
from splitwave.common.records.checkpoint import combined_sha256
from splitwave.common.records.manifest import Manifest
from splitwave.common.records.results import Evaluation, RunResult

log = structlog.get_logger()

MakeTrainer = Callable[[Manifest | None], Trainer]
Report = Callable[[RunResult], None]

_STRAGGLER_CHECKS = 10
"""How often lateness is looked for within the time after which a link is late."""


class Coordinator:
    """One run. `connect`, `receive` and `disconnect` are called as devices come, speak and go; `lead` leads.

    `set_beta` is called as an operator turns the knob, `measure` as somebody wants to know how long queries take.

    Attributes:
        stage: where the run is.
        failed: set when it fails; `failure` then says why.
        restarts: how often it started over because a link was lost.
        queries: how many it has answered in finished serving passes.
        late: the links that owe something for too long.
    """

    def __init__(
        self,
        run: Run,
        *,
        run_id: str,
        make_trainer: MakeTrainer,
        restore: Manifest | None,
        policy: Policy,
        report: Report,
    ) -> None:
        """Set up a run.

        Args:
            run: what is carried out.
            run_id: its name in logs.
            make_trainer: a fresh decoder, or the one of a checkpoint.
            restore: evaluate this checkpoint instead of training.
            policy: how long to wait for what.
            report: receives the result as soon as it is there, and again when more was served.

        Raises:
            CheckpointError: what `make_trainer` raises about the checkpoint.
        """
        self.run = run
        self.run_id = run_id
        self.stage = Stage.WAITING
        self.failure = ""
        self.failed = asyncio.Event()
        self.restarts = 0
        self.queries = 0
        config, labels = run.config, run.labels
        samples = (len(labels.train), len(labels.test))
        parts = restore.device_sha256 if restore else ()
        self.admission = Admission(config, run_id, samples, labels.data_digest, parts)
        self._make_trainer = make_trainer
        self._policy = policy
        self._report = report
        self._trained = Trained(restore) if restore else None
        self._result: RunResult | None = None
        self._served = ServingCounts()
        self._serving_passes = self._load_passes = 0
        self._requests = WorkloadRequests()
        self._attempt = self._new_attempt(make_trainer(restore))
        self._admitted = asyncio.Event()
        self._under_way: asyncio.Task[None] | None = None
        self._work: asyncio.Task[RunResult] | None = None
        self._link_failures = LinkFailures()
        self._stragglers = StragglerDetector(policy.late_after_s)

    @property
    def step(self) -> int:
        """Training steps behind the weights."""
        return self._attempt.step

    @property
    def late(self) -> set[int]:
        """The links that owe something for too long."""
        return self._stragglers.late

    def connect(self, hello: Hello, peer: str) -> LinkSession:
        """Admit a device; see `Admission.connect`."""
        session = self.admission.connect(hello, peer)
        log.info("link leased", link=session.link, device=hello.device_id, peer=peer, software=hello.software)
        self._tell_beta(session)
        return session

    def set_beta(self, link: int | None, beta: float) -> list[float]:
        """Set β of one link's serving blocks, or of all links', from the next block on; what each link then has.

        Raises:
            ProtocolError: it cannot be set; see `BetaControl.turn`.
        """
        if self.stage.is_over:
            raise ProtocolError("the run is over: there is nothing to set", Refusal.FAILED_PRECONDITION)
        for turned in self.run.beta_control.set_beta(link, beta):
            if session := self.admission.sessions.get(turned):
                session.send(SetBeta(beta))
        log.info("beta set", link="all" if link is None else link, beta=beta)
        return list(self.run.beta_control.betas)

    async def measure(self, workload: Workload) -> list[LinkStamps]:
        """Have the devices send a workload as soon as no serving pass is under way; the time stamps of each link.

        Raises:
            ProtocolError: the workload cannot be carried, the run does not serve, another workload is being measured,
                or a link was lost on the way.
        """
        check_workload(workload, self.run.config.inference.block_size)
        if self.stage is not Stage.SERVING or self._policy.serve_every_s is None:
            now = f"is {self.stage.name.lower()}" if self.stage is not Stage.SERVING else "ends with its result"
            raise ProtocolError(
                f"the run {now}: a workload is measured while a base station serves on (--serve-every)",
                Refusal.FAILED_PRECONDITION,
            )
        return await self._requests.ask(workload)

    def receive(self, session: LinkSession, body: Uplink) -> None:
        """Take a message of a device.

        Raises:
            ProtocolError: it is not what the run expects of this link, or the device gives up.
        """
        if not session.accept(body):
            return
        match body:
            case SymbolBlock() | EpochReport() | PassReport() | PartSaved():
                self._attempt.receive(session, body)
            case Ready():
                self.admission.admit(session, body)
                log.info("device ready", link=session.link)
                if self.admission.complete:
                    self._admitted.set()
            case Leaving():
                raise ProtocolError(f"it gave up: {body.reason}", Refusal.ABORTED)
            case Hello():
                raise ProtocolError(f"link {session.link} said hello twice")

    def disconnect(self, session: LinkSession, reason: str, *, may_return: bool) -> None:
        """A device is gone.

        While the run waits for its first devices, their links are just free again. A run under way starts over, and
        waits for the device, if it may return (its connection was lost, say); else it fails.
        """
        log.info("link closed", link=session.link, reason=reason)
        if self.stage.is_over:
            return
        self.admission.dismiss(session)
        loss = self._link_failures.add(session, reason)
        if self.stage is Stage.WAITING and (may_return or not session.in_run):
            return
        if not may_return or not self._policy.rejoin_s:
            self._give_up(loss)
        elif self._link_failures.lead_nowhere(self._progress):
            self._give_up(f"{loss}; the run got no further in {MAX_FRUITLESS_RESTARTS} times that it started over")
        else:
            self._start_over(loss)

    async def lead(self) -> RunResult:
        """Lead the run to its end; cancelling it fails the run, or ends it in good order once it has a result.

        Raises:
            RunFailedError: a link was lost on the way, and did not come back.
        """
        self._work = asyncio.create_task(self._lead())
        watch = asyncio.create_task(self._watch_stragglers())
        try:
            return await self._work
        except asyncio.CancelledError:
            self._work.cancel()
            await asyncio.gather(self._work, return_exceptions=True)
            self._account()  # of a pass that was over just when the run was stopped
            if self.stage is Stage.FAILED:
                raise RunFailedError(self.failure) from None
            if self._result is not None:
                return self._finish(self._result)
            self._fail("the base station was stopped")
            raise
        except Exception as error:
            self._fail(str(error))
            raise
        finally:
            watch.cancel()
            self._requests.fail(self.failure or "the base station was stopped")
            await self.run.log.close()

    async def _lead(self) -> RunResult:
        await self.run.log.touch()
        limit_s = None
        while True:
            await self._all_ready(limit_s)
            # Before anything else can happen: from here on a loss is one of a run under way.
            self.stage = self._next_stage
            for session in self.admission.sessions.values():
                session.in_run = True
            self._under_way = asyncio.create_task(self._carry_on())
            try:
                await self._under_way
                break
            except asyncio.CancelledError:
                task = asyncio.current_task()
                if task is None or task.cancelling():  # it is not the attempt that was given up, but the run
                    raise
            checkpoint = self._trained.checkpoint if self._trained else None
            self._attempt = self._new_attempt(await self.run.compute(self._make_trainer, checkpoint))
            limit_s = self._policy.rejoin_s
        assert self._result is not None
        return self._finish(self._result)

    async def _all_ready(self, limit_s: float | None) -> None:
        try:
            async with asyncio.timeout(limit_s):
                while not self.admission.complete:
                    self._admitted.clear()
                    await self._admitted.wait()
        except TimeoutError:
            missing = self._link_failures.explain(self.run.config.links, self.admission.sessions)
            raise RunFailedError(f"{missing}; waited for {limit_s:g} s") from None

    async def _carry_on(self) -> None:
        """What is left of the run: training, the result, serving until the run is stopped."""
        if self._trained is None:
            self._trained = await self._attempt.train()
        if self._result is None:
            self._result = await self._evaluate(self._trained)
            log.info("result", error=self._result.error, weights_sha256=self._result.weights_sha256)
            self._report(self._result)
            await self.run.log.add(self._result)
        await self._enter(Stage.SERVING)
        while self._policy.serve_every_s is not None:
            workload = await self._requests.next(self._policy.serve_every_s)
            if workload is None:
                await self._serve()
                self._account()
            else:
                await self._measure(workload)

    async def _evaluate(self, trained: Trained) -> RunResult:
        await self._enter(Stage.EVALUATING)
        hard = await self._attempt.test(Symbols.HARD)
        soft = await self._attempt.test(Symbols.SOFT)
        await self.run.log.add(Evaluation(hard.error, soft.error))
        await self._enter(Stage.SERVING)
        served = await self._serve()
        hops, hop_times_ns = merge_hops(served.reports)
        checkpoint = trained.checkpoint
        return RunResult(
            steps=trained.steps,
            samples_per_s=trained.samples_per_s,
            error=hard.error,
            error_soft=soft.error,
            costs=tuple(report.cost for report in hard.reports),
            hops=hops,
            hop_times_ns=hop_times_ns,
            weights_sha256=combined_sha256([*checkpoint.device_sha256, checkpoint.basestation_sha256]),
            queries=self._served.queries(),
            served=self._served.results(),
        )

    async def _serve(self) -> PassOutcome:
        served = await self._attempt.serve(self._serving_passes)
        self._serving_passes += 1
        self.queries += self.run.plan.pass_samples(Phase.SERVE)
        self._served.add(served.counts)
        for link, report in enumerate(served.reports):
            self._served.report(link, report.entropies)
        log.info("served", queries=self.queries, error=served.error, answers_sha256=served.answers_sha256)
        await self.run.log.touch()
        return served

    async def _measure(self, workload: Workload) -> None:
        stamps = await self._attempt.measure(self._load_passes, workload)
        self._load_passes += 1
        self._requests.settle(stamps)

    def _account(self) -> None:
        """Report the result again if more was served since."""
        if self._result is not None and self._result.queries != (queries := self._served.queries()):
            self._result = dataclasses.replace(self._result, queries=queries, served=self._served.results())
            self._report(self._result)

    def _start_over(self, loss: str) -> None:
        """Give the attempt up and call everybody who is still here back to the last checkpoint."""
        assert self._under_way is not None
        self._under_way.cancel()
        self._requests.fail(loss)
        self.stage = Stage.WAITING
        self.restarts += 1
        checkpoint = self._trained.checkpoint if self._trained else None
        step = checkpoint.step if checkpoint else 0
        log.warning(
            "run starts over", reason=loss, lost_at_step=self.step, from_step=step, wait_s=self._policy.rejoin_s
        )
        self.admission.start_over(checkpoint.device_sha256 if checkpoint else ())
        for session in self.admission.sessions.values():
            self._tell_beta(session)
        self._stragglers = StragglerDetector(self._policy.late_after_s)

    def _tell_beta(self, session: LinkSession) -> None:
        """The settings that a Welcome brings say nothing of the knob."""
        if self.run.beta_control.was_changed(session.link):
            session.send(SetBeta(self.run.beta_control.betas[session.link]))

    @property
    def _next_stage(self) -> Stage:
        if self._trained is None:
            return Stage.TRAINING
        return Stage.EVALUATING if self._result is None else Stage.SERVING

    @property
    def _progress(self) -> Progress:
        return (self._next_stage, self.step, self._serving_passes + self._load_passes)

    def _new_attempt(self, trainer: Trainer) -> Attempt:
        step = self._trained.checkpoint.step if self._trained else 0
        return Attempt(self.run, trainer, step, self.admission.sessions)

    def _finish(self, result: RunResult) -> RunResult:
        self.stage = Stage.FINISHED
        for session in self.admission.sessions.values():
            session.send(Finish())
            session.close()
        return result

    def _give_up(self, reason: str) -> None:
        self._fail(reason)
        if self._work is not None:
            self._work.cancel()

    def _fail(self, reason: str) -> None:
        self.stage, self.failure = Stage.FAILED, reason
        self._requests.fail(reason)
        self.failed.set()

    async def _enter(self, stage: Stage) -> None:
        self.stage = stage
        await self.run.log.touch()

    async def _watch_stragglers(self) -> None:
        while True:
            await asyncio.sleep(self._policy.late_after_s / _STRAGGLER_CHECKS)
            sessions = self.admission.sessions if self.stage.is_under_way else {}
            debts = {link: each.activity for link, each in sessions.items() if self._attempt.owes(each)}
            for change in self._stragglers.check(asyncio.get_running_loop().time(), debts):
                tell, event = (log.warning, "link late") if change.late else (log.info, "link caught up")
                session = self.admission.sessions.get(change.link)
                tell(event, link=change.link, device=session and session.device_id, silent_s=round(change.silent_s, 1))
                await self.run.log.touch()
