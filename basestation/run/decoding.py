"""Has the decoder work on fused blocks: in the compute thread, or at once where that is quicker."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from splitwave.basestation.fusion.fusion_buffer import FusedBlock
from splitwave.basestation.learning.compute_thread import Compute
from splitwave.basestation.learning.trainer import MicroBatchResult, Trainer
from splitwave.common.protocol.plan import RunPlan
from splitwave.common.tasks.task import Answers


@dataclass(frozen=True, slots=True)
class TrainedBlock:
    """A training block after its backward pass; when that began and ended, nanoseconds of this machine's clock."""

    result: MicroBatchResult
    started_ns: int
    finished_ns: int


@dataclass(frozen=True, slots=True)
class PredictedBlock:
    """(B,) answers to an evaluation block; when decoding began and ended, nanoseconds of this machine's clock."""

    answers: Answers
    started_ns: int
    finished_ns: int


Decoded = TrainedBlock | PredictedBlock


class BlockDecoder:
    """The trainer, called without blocking the event loop."""

    def __init__(self, trainer: Trainer, compute: Compute) -> None:
        """Args: the decoder and the thread that torch works in."""
        self._trainer = trainer
        self._compute = compute

    async def train(self, blocks: Sequence[FusedBlock]) -> list[TrainedBlock]:
        """Forward and backward of training blocks, one after the other."""
        return [await self._compute(self._train, block) for block in blocks]

    async def predict(self, plan: RunPlan, blocks: Sequence[FusedBlock]) -> list[PredictedBlock]:
        """Answers to blocks of a pass that follows a plan."""
        work = partial(self._predict, plan)
        if not self._trainer.is_brief(blocks):
            return await self._compute(self._trainer.shards.map, work, blocks)
        return [work(block) for block in blocks]  # the way to a thread and back would take longer

    def _train(self, block: FusedBlock) -> TrainedBlock:
        started = time.perf_counter_ns()
        result = self._trainer.micro_batch(block)
        return TrainedBlock(result, started, time.perf_counter_ns())

    def _predict(self, plan: RunPlan, block: FusedBlock) -> PredictedBlock:
        started = time.perf_counter_ns()
        answers = self._trainer.predict(block, plan)
        return PredictedBlock(answers, started, time.perf_counter_ns())
