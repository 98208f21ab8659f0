"""One go at a run, with the links as they are. A lost link ends it, and the next one begins anew. No transport."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog

from splitwave.basestation.fusion.block_collector import BlockCollector
from splitwave.basestation.fusion.fusion_buffer import FusedBlock
from splitwave.basestation.learning.compute_thread import Compute
from splitwave.basestation.learning.epoch_meter import EpochMeter, mean_samples_per_s
from splitwave.basestation.learning.trainer import Trainer
from splitwave.basestation.links.link_barrier import LinkBarrier
from splitwave.basestation.links.link_session import LinkSession
from splitwave.basestation.run.beta_control import BetaControl
from splitwave.basestation.run.passes import Decoded, Passes, PassOutcome
from splitwave.basestation.run.run_log import RunLog
from splitwave.common.config.run_config import RunConfig
from splitwave.common.data.dataset import Targets
from splitwave.common.protocol.blocks import SymbolBlock
from splitwave.common.protocol.messages import Downlink, Gradient, PartSaved, SaveCheckpoint, TrainStep
from splitwave.common.protocol.phases import Phase, Symbols
from splitwave.common.protocol.plan import RunPlan
from splitwave.common.protocol.reports import EpochReport, PassReport
from splitwave.common.protocol.workload import LinkStamps, Workload
from splitwave.common.records.checkpoint import save_part
from splitwave.common.records.manifest import BASESTATION_PART, Manifest
from splitwave.common.records.results import EpochRecord

log = structlog.get_logger()

SHA256_DIGITS = 64


@dataclass(frozen=True, slots=True)
class Labels:
    """What only the base station has: (N,) answers to both splits, and the digest of the data they belong to."""

    train: Targets
    test: Targets
    data_digest: str


@dataclass(frozen=True, slots=True)
class Run:
    """What all attempts at a run share.

    Attributes:
        config, plan: its settings and order.
        labels: of all samples.
        state_dir: where the base station's part of the checkpoint and its manifest go.
        compute: where torch works.
        log: what watchers see.
        knob: β of the links' serving blocks.
    """

    config: RunConfig
    plan: RunPlan
    labels: Labels
    state_dir: Path
    compute: Compute
    log: RunLog
    beta_control: BetaControl


@dataclass(frozen=True, slots=True)
class Trained:
    """A published checkpoint, and what training it took: nothing if it was restored."""

    checkpoint: Manifest
    steps: int = 0
    samples_per_s: float = 0.0


class Attempt:
    """Announces steps and passes, answers blocks.

    Attributes:
        step: training steps behind the weights.
    """

    def __init__(self, run: Run, trainer: Trainer, step: int, sessions: Mapping[int, LinkSession]) -> None:
        """Args: the run; the decoder, and the steps that it has behind it; by link, who holds it."""
        config, labels = run.config, run.labels
        self.step = step
        self._run = run
        self._trainer = trainer
        self._by_link = sessions
        self._collector = BlockCollector(config, run.plan)
        by_phase = dict.fromkeys((Phase.TEST, Phase.SERVE, Phase.LOAD), labels.test) | {Phase.VALIDATION: labels.train}
        self._passes = Passes(
            run.plan,
            self._collector,
            labels=by_phase,
            links=config.links,
            predict=self._predict,
            objective=trainer.objective,
        )
        self._epoch_reports: LinkBarrier[EpochReport] = LinkBarrier(config.links)
        self._parts: LinkBarrier[PartSaved] = LinkBarrier(config.links)

    def receive(self, session: LinkSession, body: SymbolBlock | EpochReport | PassReport | PartSaved) -> None:
        """Take what a device sent.

        Raises:
            ProtocolError: it is not what this link was asked for.
        """
        match body:
            case SymbolBlock():
                if body.beta is not None:
                    self._run.beta_control.check(session.link, body.beta, str(body.key))
                self._collector.take(session, body)
            case EpochReport():
                self._epoch_reports.take(session.link, body)
            case PassReport():
                for entropy in body.entropies:
                    self._run.beta_control.check(session.link, entropy.beta, "the report")
                self._passes.reports.take(session.link, body)
            case PartSaved():
                self._parts.take(session.link, body)

    def owes(self, session: LinkSession) -> bool:
        """Whether a link has had all its answers, and has more to send that is due."""
        if self._collector.waits_for_schedule(session.link):
            return False
        questions = (self._collector, self._epoch_reports, self._passes.reports, self._parts)
        return session.unanswered == 0 and any(question.expects(session.link) for question in questions)

    async def train(self) -> Trained:
        """All epochs, and the checkpoint of their weights."""
        records = [await self._epoch(epoch) for epoch in range(self._run.config.training.epochs)]
        return Trained(await self._save(), records[-1].step, mean_samples_per_s(records))

    async def test(self, symbols: Symbols) -> PassOutcome:
        """One pass over the test split."""
        return await self._passes.run(self._sessions, Phase.TEST, 0, symbols)

    async def serve(self, count: int) -> PassOutcome:
        """Answer queries, one sample at a time; `count` passes went before this one."""
        return await self._passes.run(self._sessions, Phase.SERVE, count, Symbols.HARD)

    async def measure(self, count: int, workload: Workload) -> list[LinkStamps]:
        """Have a workload sent and answer it, after `count` earlier load passes. It changes nothing of the run."""
        self._run.plan.workload = workload
        outcome = await self._passes.run(self._sessions, Phase.LOAD, count, Symbols.HARD)
        log.info(
            "workload measured", workload=str(workload), error=outcome.error, answers_sha256=outcome.answers_sha256
        )
        return [LinkStamps(link, each.hops, each.hop_times_ns) for link, each in enumerate(outcome.reports)]

    async def _epoch(self, epoch: int) -> EpochRecord:
        meter = EpochMeter()
        per_epoch = self._run.plan.steps_per_epoch
        steps = range(epoch * per_epoch, (epoch + 1) * per_epoch)
        started = time.perf_counter()
        self._announce(steps[0])
        for step in steps:
            if step + 1 == steps.stop:
                self._epoch_reports.expect(lambda report: report.epoch == epoch)
            for _ in range(self._run.plan.block_count(Phase.TRAIN, step)):
                await self._train_block(meter)
            if step + 1 in steps:
                self._announce(step + 1)  # the devices begin while the decoder takes its own step
            await self._run.compute(self._trainer.finish_step, step)
            self.step = step + 1
            await self._run.log.progress()
        rates = [report.rate_nats for report in await self._epoch_reports.all()]
        seconds = time.perf_counter() - started
        error = None
        if self._run.config.data.validation:
            validation = await self._passes.run(self._sessions, Phase.VALIDATION, epoch, Symbols.HARD)
            error = validation.error
        record = meter.record(epoch, steps.stop, seconds, rate_nats=rates, validation_error=error)
        log.info("epoch", epoch=epoch, loss=record.distortion, training_error=record.training_error)
        await self._run.log.add(record)
        return record

    def _announce(self, step: int) -> None:
        self._collector.expect(Phase.TRAIN, step)
        self._broadcast(TrainStep(step))

    async def _train_block(self, meter: EpochMeter) -> None:
        arrival = await self._collector.next()
        result = await self._run.compute(self._trainer.micro_batch, arrival.block)
        for session, gradient in zip(self._sessions, result.gradients, strict=True):
            session.send(Gradient(arrival.block.key, gradient))
        meter.add(result, len(arrival.sample_ids))

    async def _save(self) -> Manifest:
        """Every party writes its part; the checkpoint exists once the manifest does."""
        folder = self._run.state_dir
        Manifest.withdraw(folder)
        self._parts.expect(lambda part: part.step == self.step and len(part.sha256) == SHA256_DIGITS)
        self._broadcast(SaveCheckpoint(self.step))
        basestation = await self._run.compute(save_part, folder / BASESTATION_PART, self._trainer.decoder)
        devices = tuple(part.sha256 for part in await self._parts.all())
        manifest = Manifest(self.step, self._run.config.canonical_json(), devices, basestation)
        manifest.publish(folder)
        log.info("checkpoint published", step=self.step, folder=str(folder))
        return manifest

    @property
    def _sessions(self) -> list[LinkSession]:
        return [self._by_link[link] for link in range(self._run.config.links)]

    def _broadcast(self, body: Downlink) -> None:
        for session in self._sessions:
            session.send(body)

    async def _predict(self, blocks: Sequence[FusedBlock]) -> list[Decoded]:
        if not self._trainer.is_brief(blocks):
            return await self._run.compute(self._trainer.shards.map, self._predict_timed, blocks)
        await asyncio.sleep(0)  # others on the loop have their turn, however many queries wait
        return [self._predict_timed(block) for block in blocks]  # the way to threads and back would take longer

    def _predict_timed(self, block: FusedBlock) -> Decoded:
        started = time.perf_counter_ns()
        answers = self._trainer.predict(block)
        return Decoded(answers, started, time.perf_counter_ns())
