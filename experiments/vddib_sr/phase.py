"""One training phase: epochs of keyed batches with Adam, keeping the weights with the best validation score."""

import copy
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from splitwave.common.data.batches import epoch_batches
from splitwave.common.errors import RunFailedError
from splitwave.common.protocol.arrays import Int64
from splitwave.experiments.vddib_sr.settings import Schedule

BatchLoss = Callable[[Int64, int], Tensor]
"""A function (indices of a batch in the training samples, step number) → scalar loss."""


class Score(NamedTuple):
    """The score on held-out samples; lower is better, and the cross-entropy (nats) breaks ties of the error rate."""

    error_rate: float
    cross_entropy: float


@dataclass(frozen=True, slots=True)
class PhaseReport:
    """The results of a phase.

    Attributes:
        best_epoch: the epoch, from 1, whose weights were kept; 0 if no epoch was better than the initial weights.
        scores: the scores before the first epoch and after each epoch.
        samples_per_s: training samples per CPU second of this process, excluding validation; 0 without epochs. With one
            torch thread, this is the rate of one core, even if other programs share it.
        seconds: CPU time of the whole phase.
    """

    best_epoch: int
    scores: tuple[Score, ...]
    samples_per_s: float
    seconds: float

    @property
    def best(self) -> Score:
        """The score of the weights that were kept."""
        return self.scores[self.best_epoch]


class RunPosition(NamedTuple):
    """The epoch and step, counted over all phases, at which a phase starts; no two phases share random draws."""

    epoch: int
    step: int


@dataclass(frozen=True, slots=True)
class Phase:
    """A training phase.

    Attributes:
        module: the module to train; at the end it has the best weights.
        loss: computes the loss of a batch.
        score: computes the score of the module's current weights on held-out samples.
        samples: number of training samples.
        seed: seed of the batches' order.
        schedule: number of epochs, batch size and learning rates.
        start: position at which the phase starts.
    """

    module: nn.Module
    loss: BatchLoss
    score: Callable[[], Score]
    samples: int
    seed: int
    schedule: Schedule
    start: RunPosition

    @property
    def end(self) -> RunPosition:
        """The position at which the next phase starts."""
        steps = math.ceil(self.samples / self.schedule.batch_size) * self.schedule.epochs
        return RunPosition(self.start.epoch + self.schedule.epochs, self.start.step + steps)

    def run(self) -> PhaseReport:
        """Train the module and restore the weights of its best epoch.

        Raises:
            RunFailedError: the loss is not finite.
        """
        started = time.process_time()
        scores, best, training_s = [self.score()], 0, 0.0
        kept = copy.deepcopy(self.module.state_dict())
        optimiser = torch.optim.Adam(self.module.parameters(), fused=True)
        for epoch in range(self.schedule.epochs):
            epoch_started = time.process_time()
            self._train_epoch(epoch, optimiser)
            training_s += time.process_time() - epoch_started
            scores.append(self.score())
            if scores[-1] < scores[best]:
                best, kept = epoch + 1, copy.deepcopy(self.module.state_dict())
        self.module.load_state_dict(kept)
        rate = self.samples * self.schedule.epochs / training_s if training_s else 0.0
        return PhaseReport(best, tuple(scores), rate, time.process_time() - started)

    def _train_epoch(self, epoch: int, optimiser: torch.optim.Optimizer) -> None:
        batches = epoch_batches(self.samples, self.schedule.batch_size, self.seed, self.start.epoch + epoch)
        total = 0.0
        for number, ids in enumerate(batches):
            step = epoch * len(batches) + number
            optimiser.param_groups[0]["lr"] = learning_rate(self.schedule, step, len(batches) * self.schedule.epochs)
            loss = self.loss(ids, self.start.step + step)
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            optimiser.zero_grad()
            total += loss.item()
        if not math.isfinite(total):
            raise RunFailedError(f"training diverged: the loss of epoch {self.start.epoch + epoch} is {total}")


def learning_rate(schedule: Schedule, step: int, steps: int) -> float:
    """Return the learning rate of a step: half a cosine from `learning_rate` to `learning_rate_final`."""
    span = schedule.learning_rate - schedule.learning_rate_final
    return schedule.learning_rate_final + span * 0.5 * (1.0 + math.cos(math.pi * step / max(1, steps - 1)))
