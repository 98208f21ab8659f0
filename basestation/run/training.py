"""Training: all epochs of a run, and the checkpoint of their weights."""

import time
from collections.abc import Mapping
from dataclasses import dataclass

from splitwave.basestation.fusion.block_collector import Command
from splitwave.basestation.learning.trainer import Trainer
from splitwave.basestation.links.link_barrier import LinkBarrier
from splitwave.basestation.links.link_session import LinkSession, broadcast
from splitwave.basestation.run.block_exchange import BlockExchange
from splitwave.basestation.run.decoding import BlockDecoder
from splitwave.basestation.run.epoch_meter import EpochMeter, mean_samples_per_s
from splitwave.basestation.run.passes import Passes
from splitwave.basestation.run.run_context import RunContext
from splitwave.basestation.run.training_checkpoints import TrainingCheckpoints
from splitwave.common.errors import RunStoppedError
from splitwave.common.protocol.messages import TrainStep
from splitwave.common.protocol.phases import Phase, Symbols
from splitwave.common.protocol.reports import EpochReport
from splitwave.common.records.manifest import Manifest
from splitwave.common.records.results import EpochRecord
from splitwave.common.records.training_manifest import TrainingManifest


@dataclass(frozen=True, slots=True)
class Trained:
    """A published checkpoint, and the epochs behind it in this run: none if it was restored."""

    checkpoint: Manifest
    epochs: tuple[EpochRecord, ...] = ()

    @property
    def steps(self) -> int:
        """Training steps of this run."""
        return self.epochs[-1].step if self.epochs else 0

    @property
    def samples_per_s(self) -> float:
        """Training samples a second."""
        return mean_samples_per_s(self.epochs)


class Training:
    """Announces steps, has their blocks answered, and takes the decoder's own steps.

    Attributes:
        step: training steps behind the weights.
        epoch_reports: the links' reports on the epoch.
    """

    def __init__(
        self,
        context: RunContext,
        trainer: Trainer,
        begin: Manifest | TrainingManifest | None,
        sessions: Mapping[int, LinkSession],
        *,
        exchange: BlockExchange,
        decoder: BlockDecoder,
        meter: EpochMeter,
        passes: Passes,
        checkpoints: TrainingCheckpoints,
    ) -> None:
        """Set up training.

        Args:
            context: the run.
            trainer: the decoder, its loss and its optimiser.
            begin: the checkpoint that their state is of; None if it is fresh.
            sessions: by link, who trains.
            exchange: answers the blocks.
            decoder: makes the answers.
            meter: observes the exchange.
            passes: for the validation pass after each epoch.
            checkpoints: keeps what an interrupted training goes on from.

        Raises:
            CheckpointError: the checkpoint's sums of an open epoch make no sense.
        """
        self._context = context
        self._trainer = trainer
        self._sessions = sessions
        self._exchange = exchange
        self._decoder = decoder
        self._meter = meter
        self._passes = passes
        self._checkpoints = checkpoints
        self.step = begin.step if begin else 0
        self._records: list[EpochRecord] = []
        self._earlier_s = 0.0
        if isinstance(begin, TrainingManifest):
            meter.resume(begin.sums)
            self._records += begin.epochs
            self._earlier_s = begin.sums.get("seconds", 0.0)
        self.epoch_reports: LinkBarrier[EpochReport] = LinkBarrier(context.config.links)

    async def run(self) -> list[EpochRecord]:
        """All epochs that are left, and the records of all.

        Raises:
            RunStoppedError: it was asked to stop, and a checkpoint to go on from is published.
        """
        trained_before = self.step == self._context.plan.steps
        try:
            for epoch in range(len(self._records), self._context.config.training.epochs):
                await self._epoch(epoch)
            await self._checkpoints.settle()
        finally:
            self._checkpoints.abandon()
        if trained_before:
            await self.validate_again()
        return self._records

    async def validate_again(self) -> None:
        """Repeat the last validation pass, which sends the levels that the test pass needs."""
        await self._validation_error(self._context.config.training.epochs - 1)

    async def _epoch(self, epoch: int) -> None:
        plan, events = self._context.plan, self._context.events
        steps = range(max(self.step, epoch * plan.steps_per_epoch), (epoch + 1) * plan.steps_per_epoch)
        started = time.perf_counter() - self._earlier_s
        self._earlier_s = 0.0
        command = self._announce(steps[0])
        for step in steps:
            if step + 1 == steps.stop:
                self.epoch_reports.expect(lambda report: report.epoch == epoch)
            await self._exchange.carry_out(command, self._decoder.train)
            sums: Mapping[str, float] = {}
            kept = step + 1 in steps and self._checkpoints.is_due(step + 1)
            if kept:
                sums = {**self._meter.sums, "seconds": time.perf_counter() - started}  # before the next step counts
                await self._checkpoints.ask(step + 1)
            if step + 1 in steps:
                command = self._announce(step + 1)  # the devices begin while the decoder takes its own step
            await self._context.compute(self._trainer.finish_step, step)
            self.step = step + 1
            events.step_ended(step)
            if kept:
                await self._keep(sums)
        reports = await self.epoch_reports.all()
        seconds = time.perf_counter() - started
        record = self._meter.record(
            epoch,
            steps.stop,
            seconds,
            rate_nats=[report.rate_nats for report in reports.values()],
            validation_error=await self._validation_error(epoch),
        )
        self._records.append(record)
        events.epoch_ended(record)
        if self._checkpoints.is_due(self.step):
            await self._checkpoints.ask(self.step)
            await self._keep({})

    async def _keep(self, sums: Mapping[str, float]) -> None:
        await self._checkpoints.keep(self.step, self._records, sums)
        if self._context.kept.stop_requested:
            await self._checkpoints.settle()
            raise RunStoppedError(f"the run was stopped after step {self.step} of {self._context.plan.steps}")

    async def _validation_error(self, epoch: int) -> float | None:
        if not self._context.config.data.validation:
            return None
        outcome = await self._passes.run(self._context.plan, Phase.VALIDATION, epoch, Symbols.HARD)
        return outcome.error

    def _announce(self, step: int) -> Command:
        command = Command(self._context.plan, Phase.TRAIN, step)
        self._exchange.expect(command)
        broadcast(self._sessions, TrainStep(step))
        return command
