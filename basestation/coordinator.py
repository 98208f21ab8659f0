"""Leads a run from the first device to the result: announces steps and passes, answers blocks. No transport."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import TypeVar, TypeVarTuple, Unpack

import structlog

from basestation.admission import Admission
from basestation.answers import Answers
from basestation.fusion import FusedBlock
from basestation.intake import Intake
from basestation.link_session import LinkSession
from basestation.meter import EpochMeter, mean_samples_per_s
from basestation.passes import Passes, merge_hops
from basestation.run_log import RunLog
from basestation.trainer import Trainer
from common.checkpoint import combined_sha256, save_part
from common.config import RunConfig
from common.errors import ProtocolError, Refusal, RunFailedError
from common.manifest import BASESTATION_PART, Manifest
from common.messages import (
    Bytes,
    Downlink,
    Finish,
    Gradient,
    Hello,
    Int64,
    Leaving,
    PartSaved,
    PassReport,
    Phase,
    Ready,
    SaveCheckpoint,
    SymbolBlock,
    Symbols,
    TrainStep,
    Uplink,
)
from common.plan import RunPlan
from common.results import EpochRecord, RunResult

log = structlog.get_logger()

SHA256_DIGITS = 64

Arguments = TypeVarTuple("Arguments")
Result = TypeVar("Result")


class Stage(IntEnum):
    """Where a run is; numbered as on the wire."""

    WAITING = 1
    TRAINING = 2
    EVALUATING = 3
    SERVING = 4
    FINISHED = 5
    FAILED = 6


@dataclass(frozen=True, slots=True)
class Labels:
    """What only the base station has: (N,) int64 labels of both splits, and the digest of the data they belong to."""

    train: Int64
    test: Int64
    data_digest: str


class Coordinator:
    """One run. `connect`, `receive` and `disconnect` are called as devices come, speak and go; `run` leads.

    Attributes:
        stage, step: where the run is.
        failed: set when it fails; `failure` then says why.
    """

    def __init__(
        self,
        config: RunConfig,
        *,
        run_id: str,
        plan: RunPlan,
        labels: Labels,
        trainer: Trainer,
        state_dir: Path,
        restore: Manifest | None,
        compute: Executor,
    ) -> None:
        """Set up a run.

        Args:
            config: its settings.
            run_id: its name in logs.
            plan: its order.
            labels: of all samples.
            trainer: the decoder, already restored if `restore` is given.
            state_dir: where the base station's part of the checkpoint and its manifest go.
            restore: evaluate this checkpoint instead of training.
            compute: one worker thread for torch, so that the event loop never waits for it.
        """
        self.config = config
        self.run_id = run_id
        self.plan = plan
        self.log = RunLog()
        self.stage = Stage.WAITING
        self.step = restore.step if restore else 0
        self.failure = ""
        self.failed = asyncio.Event()
        samples = (len(labels.train), len(labels.test))
        parts = restore.device_sha256 if restore else ()
        self.admission = Admission(config, run_id, samples, labels.data_digest, parts)
        self._trainer = trainer
        self._state_dir = state_dir
        self._restore = restore
        self._executor = compute
        self._intake = Intake(config, plan)
        by_phase = {Phase.VALIDATION: labels.train, Phase.TEST: labels.test, Phase.SERVE: labels.test}
        self._passes = Passes(plan, self._intake, by_phase, config.links, self._predict)
        self._parts: Answers[PartSaved] = Answers(config.links)
        self._admitted = asyncio.Event()
        self._work: asyncio.Task[RunResult] | None = None
        self._status_interval = max(1, plan.steps_per_epoch // 20)

    def connect(self, hello: Hello, peer: str) -> LinkSession:
        """Admit a device; see `Admission.connect`."""
        session = self.admission.connect(hello, peer)
        log.info("link leased", link=session.link, device=hello.device_id, peer=peer, software=hello.software)
        return session

    def receive(self, session: LinkSession, body: Uplink) -> None:
        """Take a message of a device.

        Raises:
            ProtocolError: it is not what the run expects of this link, or the device gives up.
        """
        match body:
            case SymbolBlock():
                self._intake.take(session, body)
            case Ready():
                self.admission.admit(session, body)
                log.info("device ready", link=session.link)
                if self.stage is Stage.WAITING and self.admission.complete:
                    self.stage = Stage.EVALUATING if self._restore else Stage.TRAINING
                    self._admitted.set()
            case PassReport():
                self._passes.reports.take(session.link, body)
            case PartSaved():
                self._parts.take(session.link, body)
            case Leaving():
                raise ProtocolError(f"it gave up: {body.reason}", Refusal.ABORTED)
            case Hello():
                raise ProtocolError(f"link {session.link} said hello twice")

    def disconnect(self, session: LinkSession, reason: str) -> None:
        """A device is gone: its link is free again while the run waits, but a run under way fails."""
        log.info("link closed", link=session.link, reason=reason)
        if self.stage is Stage.WAITING:
            self.admission.dismiss(session)
        elif self.stage not in (Stage.FINISHED, Stage.FAILED):
            self._fail(f"link {session.link} (device {session.device_id}) was lost: {reason}")
            if self._work is not None:
                self._work.cancel()

    async def run(self) -> RunResult:
        """Lead the run to its end; cancelling it fails the run.

        Raises:
            RunFailedError: a link was lost on the way.
        """
        self._work = asyncio.create_task(self._lead())
        try:
            return await self._work
        except asyncio.CancelledError:
            self._work.cancel()
            await asyncio.gather(self._work, return_exceptions=True)
            if self.stage is Stage.FAILED:
                raise RunFailedError(self.failure) from None
            self._fail("the base station was stopped")
            raise
        except Exception as error:
            self._fail(str(error))
            raise
        finally:
            await self.log.close()

    def _fail(self, reason: str) -> None:
        self.stage, self.failure = Stage.FAILED, reason
        self.failed.set()

    async def _lead(self) -> RunResult:
        await self.log.touch()
        await self._admitted.wait()
        if self._restore is None:
            records = [await self._epoch(epoch) for epoch in range(self.config.training.epochs)]
            manifest = await self._save()
        else:
            records, manifest = [], self._restore
        result = await self._result(records, manifest)
        self.stage = Stage.FINISHED
        self._broadcast(Finish())
        for session in self._sessions:
            session.close()
        await self.log.add(result)
        return result

    async def _epoch(self, epoch: int) -> EpochRecord:
        meter = EpochMeter(self.config.links)
        per_epoch = self.plan.steps_per_epoch
        steps = range(epoch * per_epoch, (epoch + 1) * per_epoch)
        started = time.perf_counter()
        self._announce(steps[0])
        for step in steps:
            for _ in range(self.plan.block_count(Phase.TRAIN, step)):
                await self._train_block(meter)
            if step + 1 in steps:
                self._announce(step + 1)  # the devices begin while the decoder takes its own step
            await self._compute(self._trainer.finish_step, step)
            self.step = step + 1
            if self.step % self._status_interval == 0:
                await self.log.touch()
        seconds = time.perf_counter() - started
        error = None
        if self.config.data.validation:
            validation = await self._passes.run(self._sessions, Phase.VALIDATION, epoch, Symbols.HARD)
            error = validation.error_rate
        record = meter.record(epoch, steps.stop, seconds, error)
        log.info("epoch", epoch=epoch, loss=record.cross_entropy, training_error=record.training_error)
        await self.log.add(record)
        return record

    def _announce(self, step: int) -> None:
        self._intake.expect(Phase.TRAIN, step)
        self._broadcast(TrainStep(step))

    async def _train_block(self, meter: EpochMeter) -> None:
        arrival = await self._intake.next()
        result = await self._compute(self._trainer.micro_batch, arrival.block)
        for session, gradient in zip(self._sessions, result.gradients, strict=True):
            session.send(Gradient(arrival.block.key, gradient))
        meter.add(result, len(arrival.sample_ids), arrival.rates_nats)

    async def _save(self) -> Manifest:
        """Every party writes its part; the checkpoint exists once the manifest does."""
        Manifest.withdraw(self._state_dir)
        self._parts.expect(lambda part: part.step == self.step and len(part.sha256) == SHA256_DIGITS)
        self._broadcast(SaveCheckpoint(self.step))
        basestation = await self._compute(save_part, self._state_dir / BASESTATION_PART, self._trainer.decoder)
        devices = tuple(part.sha256 for part in await self._parts.all())
        manifest = Manifest(self.step, self.config.canonical_json(), devices, basestation)
        manifest.publish(self._state_dir)
        log.info("checkpoint published", step=self.step, folder=str(self._state_dir))
        return manifest

    async def _result(self, records: list[EpochRecord], manifest: Manifest) -> RunResult:
        await self._enter(Stage.EVALUATING)
        hard = await self._passes.run(self._sessions, Phase.TEST, 0, Symbols.HARD)
        soft = await self._passes.run(self._sessions, Phase.TEST, 0, Symbols.SOFT)
        await self._enter(Stage.SERVING)
        served = await self._passes.run(self._sessions, Phase.SERVE, 0, Symbols.HARD)
        hops, hop_times_ns = merge_hops(served.reports)
        return RunResult(
            steps=records[-1].step if records else 0,
            samples_per_s=mean_samples_per_s(records),
            error_rate=hard.error_rate,
            error_rate_soft=soft.error_rate,
            costs=tuple(report.cost for report in hard.reports),
            hops=hops,
            hop_times_ns=hop_times_ns,
            weights_sha256=combined_sha256([*manifest.device_sha256, manifest.basestation_sha256]),
        )

    async def _enter(self, stage: Stage) -> None:
        self.stage = stage
        await self.log.touch()

    @property
    def _sessions(self) -> list[LinkSession]:
        return [self.admission.sessions[link] for link in range(self.config.links)]

    def _broadcast(self, body: Downlink) -> None:
        for session in self._sessions:
            session.send(body)

    async def _predict(self, block: FusedBlock) -> Bytes:
        return await self._compute(self._trainer.predict, block)

    async def _compute(self, work: Callable[[Unpack[Arguments]], Result], *arguments: *Arguments) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._executor, work, *arguments)
