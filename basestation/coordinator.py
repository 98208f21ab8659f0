"""Leads a run from the first device to the result: announces steps and passes, answers blocks. No transport."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any, TypeVar, TypeVarTuple, Unpack

import numpy as np
import structlog

from basestation.admission import Admission
from basestation.intake import Arrival, Intake
from basestation.link_session import LinkSession
from basestation.meter import EpochMeter, mean_samples_per_s
from basestation.run_log import RunLog
from basestation.trainer import Trainer
from common.checkpoint import combined_sha256, save_part
from common.config import RunConfig
from common.errors import ProtocolError, Refusal, RunFailedError
from common.manifest import BASESTATION_PART, Manifest
from common.messages import (
    Downlink,
    Evaluate,
    Finish,
    Gradient,
    Hello,
    Hop,
    Int64,
    Leaving,
    PartSaved,
    PassReport,
    Phase,
    Prediction,
    Ready,
    SaveCheckpoint,
    SymbolBlock,
    Symbols,
    TrainStep,
    Uplink,
)
from common.plan import RunPlan
from common.results import EpochRecord, LinkCost, RunResult

log = structlog.get_logger()

Arguments = TypeVarTuple("Arguments")
Result = TypeVar("Result")


class Stage(IntEnum):
    """Where a run is; numbered as on the wire."""

    WAITING = 1
    TRAINING = 2
    EVALUATING = 3
    FINISHED = 4
    FAILED = 5


@dataclass(frozen=True, slots=True)
class Labels:
    """What only the base station has: (N,) int64 labels of both splits, and the digest of the data they belong to."""

    train: Int64
    test: Int64
    data_digest: str


class Coordinator:
    """One run. `connect`, `receive` and `disconnect` are called as devices come, speak and go; `run` leads."""

    def __init__(
        self,
        config: RunConfig,
        *,
        run_id: str,
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
            labels: of all samples.
            trainer: the decoder, already restored if `restore` is given.
            state_dir: where the base station's part of the checkpoint and its manifest go.
            restore: evaluate this checkpoint instead of training.
            compute: one worker thread for torch, so that the event loop never waits for it.
        """
        self.config = config
        self.run_id = run_id
        self.plan = RunPlan(config, len(labels.train), len(labels.test))
        self.log = RunLog()
        self.stage = Stage.WAITING
        self.step = 0
        self.failure = ""
        self.failed = asyncio.Event()
        samples = (len(labels.train), len(labels.test))
        parts = restore.device_sha256 if restore else ()
        self.admission = Admission(config, run_id, samples, labels.data_digest, parts)
        self._labels = {Phase.VALIDATION: labels.train, Phase.TEST: labels.test, Phase.LATENCY: labels.test}
        self._trainer = trainer
        self._state_dir = state_dir
        self._restore = restore
        self._executor = compute
        self._intake = Intake(config, self.plan)
        self._reports: asyncio.Queue[tuple[int, PassReport]] = asyncio.Queue()
        self._parts: asyncio.Queue[tuple[int, PartSaved]] = asyncio.Queue()
        self._all_ready = asyncio.Event()
        self._lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._status_interval = max(1, self.plan.steps_per_epoch // 20)

    def connect(self, hello: Hello, peer: str) -> LinkSession:
        """Admit a device; see `Admission.connect`."""
        session = self.admission.connect(hello, peer)
        log.info("link leased", link=session.link, device=hello.device_id, peer=peer, software=hello.software)
        return session

    def receive(self, session: LinkSession, body: Uplink) -> None:
        """Take a message of a device.

        Raises:
            ProtocolError: it is not what the run expects of this link.
        """
        match body:
            case SymbolBlock():
                self._intake.take(session, body)
            case Ready():
                self.admission.admit(session, body)
                log.info("device ready", link=session.link)
                if self.admission.complete:
                    self._all_ready.set()
            case PassReport():
                self._reports.put_nowait((session.link, body))
            case PartSaved():
                self._parts.put_nowait((session.link, body))
            case Leaving():
                raise ProtocolError(f"it gave up: {body.reason}", Refusal.ABORTED)
            case Hello():
                raise ProtocolError(f"link {session.link} said hello twice")

    def disconnect(self, session: LinkSession, reason: str) -> None:
        """A device is gone: its link is free again while the run waits, but a run under way fails."""
        log.info("link closed", link=session.link, reason=reason)
        if self.stage is Stage.WAITING:
            self.admission.dismiss(session)
        elif self.stage is not Stage.FINISHED and not self._lost.done():
            self._lost.set_exception(
                RunFailedError(f"link {session.link} (device {session.device_id}) was lost: {reason}")
            )

    async def run(self) -> RunResult:
        """Lead the run to its end; cancelling it fails the run.

        Raises:
            RunFailedError: a link was lost on the way.
        """
        work = asyncio.create_task(self._work())
        try:
            ends: list[asyncio.Future[Any]] = [work, self._lost]
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            if self._lost.done():
                self._lost.result()
            result = await work
        except BaseException as error:
            self.stage, self.failure = Stage.FAILED, str(error) or "the base station was stopped"
            self.failed.set()
            raise
        finally:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
            await self.log.close()
        return result

    async def _work(self) -> RunResult:
        await self.log.touch()
        await self._all_ready.wait()
        records = []
        if self._restore is None:
            self.stage = Stage.TRAINING
            records = [await self._epoch(epoch) for epoch in range(self.config.training.epochs)]
            manifest = await self._save()
        else:
            manifest = self._restore
        self.stage = Stage.EVALUATING
        await self.log.touch()
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
            for _ in self.plan.micro_batches(step):
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
            error, _ = await self._pass(Phase.VALIDATION, epoch, Symbols.HARD)
        record = meter.record(epoch, steps.stop, seconds, error)
        log.info("epoch", epoch=epoch, loss=record.cross_entropy, training_error=record.training_error)
        await self.log.add(record)
        return record

    def _announce(self, step: int) -> None:
        self._intake.expect(Phase.TRAIN, step)
        self._broadcast(TrainStep(step, self.plan.epoch(step)))

    async def _train_block(self, meter: EpochMeter) -> None:
        arrival = await self._intake.next()
        result = await self._compute(self._trainer.micro_batch, arrival.block)
        for session, gradient in zip(self._sessions, result.gradients, strict=True):
            session.send(Gradient(arrival.block.key, gradient))
        meter.add(result, len(arrival.sample_ids), arrival.rates_nats)

    async def _pass(self, phase: Phase, step: int, symbols: Symbols) -> tuple[float, list[PassReport]]:
        """The error rate of a pass, and the devices' reports by link."""
        blocks = self.plan.pass_blocks(phase)
        self._intake.expect(phase, step)
        self._broadcast(Evaluate(phase, step, symbols))
        errors = 0
        for _ in blocks:
            errors += await self._answer(await self._intake.next())
        reports = [await self._reports.get() for _ in self._sessions]
        return errors / sum(map(len, blocks)), [report for _, report in sorted(reports, key=lambda r: r[0])]

    async def _answer(self, arrival: Arrival) -> int:
        """Predict a block, tell every device, and count the wrong classes."""
        key = arrival.block.key
        started = time.perf_counter_ns()
        classes = await self._compute(self._trainer.predict, arrival.block)
        decode_ns = time.perf_counter_ns() - started
        for session in self._sessions:
            hops: tuple[Hop, ...] = ()
            if key.phase is Phase.LATENCY:
                hops = (Hop("fuse wait", arrival.waited_ns[session.link]), Hop("decode", decode_ns))
            session.send(Prediction(key, classes, hops))
        return int((classes != self._labels[key.phase][arrival.sample_ids]).sum())

    async def _save(self) -> Manifest:
        """Every party writes its part; the checkpoint exists once the manifest does."""
        self._broadcast(SaveCheckpoint(self.step))
        basestation = await self._compute(save_part, self._state_dir / BASESTATION_PART, self._trainer.decoder)
        parts = dict([await self._parts.get() for _ in self._sessions])
        manifest = Manifest(
            step=self.step,
            settings_json=self.config.canonical_json(),
            device_sha256=tuple(parts[link].sha256 for link in range(self.config.links)),
            basestation_sha256=basestation,
        )
        manifest.publish(self._state_dir)
        log.info("checkpoint published", step=self.step, folder=str(self._state_dir))
        return manifest

    async def _result(self, records: list[EpochRecord], manifest: Manifest) -> RunResult:
        error_rate, reports = await self._pass(Phase.TEST, 0, Symbols.HARD)
        error_rate_soft, _ = await self._pass(Phase.TEST, 0, Symbols.SOFT)
        _, timed = await self._pass(Phase.LATENCY, 0, Symbols.HARD)
        return RunResult(
            steps=records[-1].step if records else 0,
            samples_per_s=mean_samples_per_s(records),
            error_rate=error_rate,
            error_rate_soft=error_rate_soft,
            costs=tuple(
                LinkCost(link, report.samples, report.packed_bytes, report.message_bytes)
                for link, report in enumerate(reports)
            ),
            hops=timed[0].hops,
            hop_times_ns=np.concatenate([report.hop_times_ns for report in timed]),
            weights_sha256=combined_sha256([*manifest.device_sha256, manifest.basestation_sha256]),
        )

    @property
    def _sessions(self) -> list[LinkSession]:
        return [self.admission.sessions[link] for link in range(self.config.links)]

    def _broadcast(self, body: Downlink) -> None:
        for session in self._sessions:
            session.send(body)

    async def _compute(self, work: Callable[[Unpack[Arguments]], Result], *arguments: *Arguments) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._executor, work, *arguments)
