"""One training phase: epochs of keyed batches, Adam, and the best epoch's weights by the validation split."""

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
"""(places of a batch in the training samples, step number) → scalar loss."""


class Score(NamedTuple):
    """On held-out samples; lower is better, the cross-entropy (nats) decides between equal error rates."""

    error_rate: float
    cross_entropy: float


@dataclass(frozen=True, slots=True)
class PhaseReport:
    """How a phase went.

    Attributes:
        best_epoch: whose weights were kept, counted from 1; 0 where no epoch improved on the weights it started from.
        scores: after each epoch, `scores[0]` before the first.
        samples_per_s: training samples a second of this process's CPU time, validation excluded; 0 without epochs.
            With one torch thread that is the rate of a core, also when other work shares it.
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


class Place(NamedTuple):
    """Where a phase starts in the run's count of epochs and steps, so that no two phases share a random number."""

    epoch: int
    step: int


@dataclass(frozen=True, slots=True)
class Phase:
    """What a phase trains and by what.

    Attributes:
        module: holds the weights that are trained and, at the end, the best ones.
        loss: of a batch.
        score: of the module as it is, on held-out samples.
        samples: N in the training samples.
    """

    module: nn.Module
    loss: BatchLoss
    score: Callable[[], Score]
    samples: int
    seed: int
    schedule: Schedule
    start: Place

    @property
    def end(self) -> Place:
        """Where the next phase starts."""
        steps = math.ceil(self.samples / self.schedule.batch_size) * self.schedule.epochs
        return Place(self.start.epoch + self.schedule.epochs, self.start.step + steps)

    def run(self) -> PhaseReport:
        """Train, and leave the module with the weights of its best epoch.

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
    """Half a cosine from `learning_rate` at step 0 to `learning_rate_final` at the last of `steps`."""
    span = schedule.learning_rate - schedule.learning_rate_final
    return schedule.learning_rate_final + span * 0.5 * (1.0 + math.cos(math.pi * step / max(1, steps - 1)))
