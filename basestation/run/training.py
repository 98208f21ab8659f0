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
from splitwave.basestation.run.epoch_meter import EpochMeter
from splitwave.basestation.run.passes import Passes
from splitwave.basestation.run.run_context import RunContext
from splitwave.common.protocol.messages import TrainStep
from splitwave.common.protocol.phases import Phase, Symbols
from splitwave.common.protocol.reports import EpochReport
from splitwave.common.records.manifest import Manifest
from splitwave.common.records.results import EpochRecord


@dataclass(frozen=True, slots=True)
class Trained:
    """A published checkpoint, and the training behind it in this run: none if it was restored."""

    checkpoint: Manifest
    steps: int = 0
    samples_per_s: float = 0.0


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
        step: int,
        sessions: Mapping[int, LinkSession],
        *,
        exchange: BlockExchange,
        decoder: BlockDecoder,
        meter: EpochMeter,
        passes: Passes,
    ) -> None:
        """Set up training.

        Args:
            context: the run.
            trainer: the decoder, its loss and its optimiser.
            step: training steps behind its weights.
            sessions: by link, who trains.
            exchange: answers the blocks.
            decoder: makes the answers.
            meter: observes the exchange.
            passes: for the validation pass after each epoch.
        """
        self._context = context
        self._trainer = trainer
        self._sessions = sessions
        self._exchange = exchange
        self._decoder = decoder
        self._meter = meter
        self._passes = passes
        self.step = step
        self.epoch_reports: LinkBarrier[EpochReport] = LinkBarrier(context.config.links)

    async def run(self) -> list[EpochRecord]:
        """All epochs from the first, and their records."""
        return [await self._epoch(epoch) for epoch in range(self._context.config.training.epochs)]

    async def _epoch(self, epoch: int) -> EpochRecord:
        plan, events = self._context.plan, self._context.events
        steps = range(epoch * plan.steps_per_epoch, (epoch + 1) * plan.steps_per_epoch)
        started = time.perf_counter()
        command = self._announce(steps[0])
        for step in steps:
            if step + 1 == steps.stop:
                self.epoch_reports.expect(lambda report: report.epoch == epoch)
            await self._exchange.carry_out(command, self._decoder.train)
            if step + 1 in steps:
                command = self._announce(step + 1)  # the devices begin while the decoder takes its own step
            await self._context.compute(self._trainer.finish_step, step)
            self.step = step + 1
            events.step_ended(step)
        reports = await self.epoch_reports.all()
        seconds = time.perf_counter() - started
        record = self._meter.record(
            epoch,
            steps.stop,
            seconds,
            rate_nats=[report.rate_nats for report in reports.values()],
            validation_error=await self._validation_error(epoch),
        )
        events.epoch_ended(record)
        return record

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
