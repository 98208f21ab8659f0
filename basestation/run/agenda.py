"""The work of a run: training, evaluation, serving, workloads. It may take several attempts."""

import dataclasses
from collections.abc import Callable

from splitwave.basestation.links.link_failures import Progress
from splitwave.basestation.run.attempt import Attempt
from splitwave.basestation.run.pass_outcome import PassOutcome, merge_hops
from splitwave.basestation.run.run_context import RunContext
from splitwave.basestation.run.run_state import RunState
from splitwave.basestation.run.stage import Stage
from splitwave.basestation.run.training import Trained
from splitwave.basestation.run.workload_requests import WorkloadRequests
from splitwave.common.protocol.phases import Symbols
from splitwave.common.protocol.workload import Workload
from splitwave.common.records.checkpoint import combined_sha256
from splitwave.common.records.manifest import Manifest
from splitwave.common.records.results import Evaluation, RunResult
from splitwave.common.records.training_manifest import TrainingManifest

Report = Callable[[RunResult], None]


class Agenda:
    """Does the work of a run in order, and knows how much of it is done.

    Attributes:
        requests: for workloads, which are measured between serving passes.
        result: None until the run has it.
    """

    def __init__(
        self,
        context: RunContext,
        state: RunState,
        *,
        trained: Trained | None,
        serve_every_s: float | None,
        report: Report,
    ) -> None:
        """Nothing is done yet.

        Args:
            context: the run.
            state: enters the stages.
            trained: evaluate these weights instead of training.
            serve_every_s: seconds between serving passes after the result; None ends the work there.
            report: receives the result as soon as it is there, and again when more was served.
        """
        self._context = context
        self._state = state
        self._trained = trained
        self._serve_every_s = serve_every_s
        self._report = report
        self._serving_passes = 0
        self._load_passes = 0
        self.requests = WorkloadRequests()
        self.result: RunResult | None = None

    @property
    def checkpoint(self) -> Manifest | TrainingManifest | None:
        """The checkpoint that an attempt starts from; None starts with fresh weights."""
        return self._trained.checkpoint if self._trained else self._context.kept.newest

    @property
    def serves_on(self) -> bool:
        """Whether the run answers queries after its result."""
        return self._serve_every_s is not None

    @property
    def next_stage(self) -> Stage:
        """The stage of the work that is to be done next."""
        if self._trained is None:
            return Stage.TRAINING
        return Stage.EVALUATING if self.result is None else Stage.SERVING

    def progress(self, step: int) -> Progress:
        """The progress of the run after `step` training steps."""
        return (self.next_stage, step, self._serving_passes + self._load_passes)

    async def carry_on(self, attempt: Attempt) -> None:
        """Do the work that is left: training, the result, serving until the run is stopped.

        If that is requested before there is a result, there is no serving after it.
        """
        if self._trained is None:
            self._trained = await attempt.train()
        elif self.result is None and self._trained.epochs:
            await attempt.prepare_test()
        if self.result is None:
            self.result = await self._evaluate(attempt, self._trained)
            self._report(self.result)
            self._context.events.result_ready(self.result)
        self._state.enter(Stage.SERVING)
        while self._serve_every_s is not None and not self._context.kept.stop_requested:
            workload = await self.requests.next(self._serve_every_s)
            if workload is None:
                await self._serve(attempt)
                self.report_again()
            else:
                await self._measure(attempt, workload)

    def report_again(self) -> None:
        """Report the result again if more was served since."""
        served = self._context.served
        if self.result is None or self.result.queries == (queries := served.counts.queries()):
            return
        counts = served.counts
        self.result = dataclasses.replace(
            self.result,
            queries=queries,
            served=counts.results(),
            by_links=counts.by_links(),
            by_channel=counts.by_channel(),
        )
        self._report(self.result)

    async def _evaluate(self, attempt: Attempt, trained: Trained) -> RunResult:
        self._state.enter(Stage.EVALUATING)
        hard, soft = await attempt.test(Symbols.HARD), await attempt.test(Symbols.SOFT)
        self._context.events.evaluated(Evaluation(hard.error, soft.error))
        self._state.enter(Stage.SERVING)
        served = await self._serve(attempt)
        hops, hop_times_ns = merge_hops(list(served.reports.values()))
        checkpoint, counts = trained.checkpoint, self._context.served.counts
        return RunResult(
            steps=trained.steps,
            samples_per_s=trained.samples_per_s,
            error=hard.error,
            error_soft=soft.error,
            costs=tuple(report.cost for report in hard.reports.values()),
            hops=hops,
            hop_times_ns=hop_times_ns,
            weights_sha256=combined_sha256([*checkpoint.device_sha256, checkpoint.basestation_sha256]),
            queries=counts.queries(),
            served=counts.results(),
            by_links=counts.by_links(),
            by_channel=counts.by_channel(),
        )

    async def _serve(self, attempt: Attempt) -> PassOutcome:
        served = await attempt.serve(self._serving_passes)
        self._serving_passes += 1
        return served

    async def _measure(self, attempt: Attempt, workload: Workload) -> None:
        stamps = await attempt.measure(self._load_passes, workload)
        self._load_passes += 1
        self.requests.settle(stamps)
