"""The order of a run, which every party derives from the settings alone: batches, passes, learning rates, slopes."""

import copy
import math
from functools import lru_cache

import numpy as np

from splitwave.common.config.run_config import RunConfig
from splitwave.common.data.batches import epoch_batches, micro_batches
from splitwave.common.data.holdout import hold_out
from splitwave.common.protocol.arrays import Int64
from splitwave.common.protocol.phases import Phase
from splitwave.common.protocol.workload import Workload
from splitwave.common.randomness import Purpose, generator

MOST_TOGETHER = 16
"""How many blocks of a link are worked on together at most: 16 blocks of 256 samples take a few hundredths of a second,
and the cost of a message is small beside that."""


class RunPlan:
    """The order of a run over `train_samples` and `test_samples` samples.

    A command asks for blocks: a training step for its micro-batches, a pass over a split for its samples in order. The
    samples of queries are drawn from the test split, which may be sorted by class: see `block_ids`.

    Attributes:
        steps_per_epoch: training steps an epoch; the last batch of an epoch may be smaller.
        steps: training steps of the run.
        train_ids, validation_ids: places in the training split that are trained on and held out.
        workload: of a load pass; the settings do not contain it, and only `with_workload` sets it.
    """

    def __init__(self, config: RunConfig, train_samples: int, test_samples: int) -> None:
        """Plan a run.

        Raises:
            DataError: `data.validation` leaves nothing to train on.
        """
        self._config = config
        self._test_samples = test_samples
        self.train_ids, self.validation_ids = hold_out(train_samples, config.data.validation)
        self.steps_per_epoch = math.ceil(len(self.train_ids) / config.training.batch_size)
        self.steps = self.steps_per_epoch * config.training.epochs
        self.workload: Workload | None = None
        self._epoch_batches = lru_cache(maxsize=2)(self._batches_of)
        self._micro_batches = lru_cache(maxsize=2)(self._micro_batches_of)
        self._query_order = lru_cache(maxsize=4)(self._query_order_of)

    def with_workload(self, workload: Workload) -> "RunPlan":
        """A plan for a load pass that carries a workload out; it is this one in all other respects."""
        plan = copy.copy(self)
        plan.workload = workload
        return plan

    def epoch(self, step: int) -> int:
        """The epoch (from 0) that a training step belongs to."""
        return step // self.steps_per_epoch

    def batch_size(self, step: int) -> int:
        """B of one training step."""
        return len(self._batch(step))

    def block_count(self, phase: Phase, step: int) -> int:
        """How many blocks a command asks of each link; 0 for a validation pass when nothing is held out."""
        if phase is Phase.TRAIN:
            return len(self._micro_batches(step))
        return math.ceil(self.pass_samples(phase) / self._block_size(phase))

    def block_ids(self, phase: Phase, step: int, number: int) -> Int64:
        """The (B,) sample ids of one block of a command: for training and validation places in the training split.

        Queries go through keyed permutations of the test split, each to its end before the next begins. A serving pass
        continues where the previous one ended; each load pass has permutations of its own.
        """
        if phase is Phase.TRAIN:
            return self._micro_batches(step)[number]
        first, last = self._bounds(phase, number)
        if phase is Phase.VALIDATION:
            return self.validation_ids[first:last]
        if phase is Phase.TEST:
            return np.arange(first, last, dtype=np.int64)
        if phase is Phase.LOAD:
            return self._query_ids(phase, step, first, last)
        before = step * self.pass_samples(phase)
        return self._query_ids(phase, 0, before + first, before + last)

    def pass_block_samples(self, phase: Phase, number: int) -> int:
        """How many samples one block of a pass has."""
        first, last = self._bounds(phase, number)
        return last - first

    def block_start(self, step: int, micro_batch: int) -> int:
        """The number of samples of a training step before those of one of its micro-batches."""
        return sum(len(part) for part in self._micro_batches(step)[:micro_batch])

    def pass_samples(self, phase: Phase) -> int:
        """How many samples a pass covers."""
        if phase is Phase.VALIDATION:
            return len(self.validation_ids)
        if phase is Phase.LOAD:
            return self._announced.queries * self._announced.samples
        return self._config.inference.latency_samples if phase is Phase.SERVE else self._test_samples

    def credits(self, phase: Phase) -> int:
        """Blocks a link may have unanswered."""
        return self._announced.credits if phase is Phase.LOAD else self._config.runtime.credits

    def window(self, phase: Phase) -> int:
        """Blocks that a device has in flight: its credits, but one at a time when single samples are timed."""
        return 1 if phase is Phase.SERVE else self.credits(phase)

    def together(self, phase: Phase) -> int:
        """Blocks of a link that are encoded before the first leaves, or decoded before the first is answered.

        At most half of the blocks in flight, so that another party works on the other half meanwhile.
        """
        return max(1, min(self.window(phase) // 2, MOST_TOGETHER))

    def learning_rate(self, step: int) -> float:
        """Half a cosine from `learning_rate` at step 0 to `learning_rate_final` at the last step."""
        training = self._config.training
        progress = step / max(1, self.steps - 1)
        span = training.learning_rate - training.learning_rate_final
        return training.learning_rate_final + span * 0.5 * (1.0 + math.cos(math.pi * progress))

    def gamma(self, epoch: int) -> float:
        """The soft quantizer's slope, geometric from `gamma` in the first to `gamma_final` in the last epoch."""
        gamma, epochs = self._config.quantizer.gamma, self._config.training.epochs
        return gamma * math.pow(self.gamma_final / gamma, epoch / max(1, epochs - 1))

    @property
    def gamma_final(self) -> float:
        """The slope at the end of training, which soft evaluation uses."""
        quantizer = self._config.quantizer
        return quantizer.gamma if quantizer.gamma_final is None else quantizer.gamma_final

    @property
    def _announced(self) -> Workload:
        assert self.workload is not None  # a load pass has a plan of its own: see `with_workload`
        return self.workload

    def _block_size(self, phase: Phase) -> int:
        if phase is Phase.LOAD:
            return self._announced.samples
        return 1 if phase is Phase.SERVE else self._config.inference.block_size

    def _bounds(self, phase: Phase, number: int) -> tuple[int, int]:
        """The samples of one block of a pass, from the first up to the last, which is not among them."""
        size = self._block_size(phase)
        return number * size, min((number + 1) * size, self.pass_samples(phase))

    def _query_ids(self, phase: Phase, step: int, first: int, last: int) -> Int64:
        """Places `first` … `last` − 1 of the concatenated permutations of the test split."""
        count = self._test_samples
        parts = [
            self._query_order(phase, step, cycle)[max(first - cycle * count, 0) : last - cycle * count]
            for cycle in range(first // count, (last - 1) // count + 1)
        ]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _query_order_of(self, phase: Phase, step: int, cycle: int) -> Int64:
        rng = generator(self._config.seed, Purpose.QUERY_ORDER, phase=phase, step=step, draw=cycle)
        return rng.permutation(self._test_samples).astype(np.int64)

    def _batch(self, step: int) -> Int64:
        return self._epoch_batches(self.epoch(step))[step % self.steps_per_epoch]

    def _micro_batches_of(self, step: int) -> list[Int64]:
        return micro_batches(self._batch(step), self._config.training.micro_batches)

    def _batches_of(self, epoch: int) -> list[Int64]:
        config = self._config
        places = epoch_batches(len(self.train_ids), config.training.batch_size, config.seed, epoch)
        return [self.train_ids[batch] for batch in places]
