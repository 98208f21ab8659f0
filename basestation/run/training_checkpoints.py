"""Keeps checkpoints of an attempt's training, whose parts are written while training goes on."""

import asyncio
from collections.abc import Mapping, Sequence

from splitwave.basestation.learning.trainer import Trainer
from splitwave.basestation.links.link_barrier import LinkBarrier
from splitwave.basestation.links.link_session import LinkSession, broadcast
from splitwave.basestation.run.run_context import RunContext
from splitwave.common.protocol.messages import PartSaved, SaveCheckpoint
from splitwave.common.records.results import EpochRecord
from splitwave.common.records.training_manifest import TrainingManifest
from splitwave.common.records.training_part import TrainingPart

SHA256_DIGITS = 64


class TrainingCheckpoints:
    """Asks the devices for their parts with `ask`, between two steps, and with `keep` makes the base station's.

    One checkpoint is under way at a time: the next waits until every party has written its part of this one.
    """

    def __init__(
        self,
        context: RunContext,
        trainer: Trainer,
        sessions: Mapping[int, LinkSession],
        parts: LinkBarrier[PartSaved],
    ) -> None:
        """Args: the run; the base station's half; by link, whose device writes a part; takes the answers."""
        self._context = context
        self._trainer = trainer
        self._sessions = sessions
        self._parts = parts
        self._writing: asyncio.Task[None] | None = None

    def is_due(self, step: int) -> bool:
        """Whether to keep a checkpoint after this number of steps."""
        return self._context.kept.is_due(step, self._context.plan.steps)

    async def ask(self, step: int) -> None:
        """Have every device copy its state after this number of steps, before the next one is announced."""
        await self.settle()
        await self._context.kept.withdraw(step)
        self._parts.expect(lambda part: part.step == step and len(part.sha256) == SHA256_DIGITS)
        broadcast(self._sessions, SaveCheckpoint(step, self._context.kept.keep_from))

    async def keep(self, step: int, epochs: Sequence[EpochRecord], sums: Mapping[str, float]) -> None:
        """Copy the base station's state, and publish the checkpoint as soon as every part is written.

        Args:
            step: training steps behind the decoder's weights; the devices were asked for the same step.
            epochs: the records of all finished epochs.
            sums: of the epoch under way.
        """
        context = self._context
        part = await context.compute(self._trainer.training_part, step, context.labels.data_digest)
        self._writing = asyncio.create_task(self._publish(part, tuple(epochs), sums))

    async def settle(self) -> None:
        """Wait until the checkpoint under way is published.

        Raises:
            SplitwaveError: the base station's part cannot be written: see `TrainingPart.write`.
        """
        if self._writing is not None:
            await self._writing
            self._writing = None

    def abandon(self) -> None:
        """Give the checkpoint under way up, because the attempt is over."""
        if self._writing is not None:
            self._writing.cancel()

    async def _publish(self, part: TrainingPart, epochs: tuple[EpochRecord, ...], sums: Mapping[str, float]) -> None:
        context = self._context
        basestation = await context.kept.write(part)
        parts = await self._parts.all()
        manifest = TrainingManifest(
            step=part.step,
            settings_json=context.config.canonical_json(),
            data_digest=part.data_digest,
            device_sha256=tuple(each.sha256 for each in parts.values()),
            basestation_sha256=basestation,
            device_ids=tuple(self._sessions[link].device_id for link in parts),
            epochs=epochs,
            sums=sums,
        )
        folder = await context.kept.publish(manifest)
        context.events.training_kept(manifest.step, folder)
