"""The job that each competitor does, and the outcome of it."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np

from splitwave.benchmarks.peers.draws import MakeDraws, TorchDraws
from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.arrays import Int64
from splitwave.common.protocol.plan import RunPlan


@dataclass(frozen=True, slots=True)
class PeerJob:
    """Train once for each batch size, then answer single samples of one link.

    Attributes:
        trainings: the settings of each training; batch sizes differ.
        serving: the settings of the queries: one link, networks as they are drawn, blocks of one sample.
        queries: number of timed queries; a tenth of that number is asked first to warm up.
        samples: sizes of the training and the test split.
        data_dir: folder with the data sets, or None.
        draws: the source of random draws.
        limit_s: time limit of the whole job.
    """

    trainings: tuple[RunConfig, ...]
    serving: RunConfig
    queries: int
    samples: tuple[int, int]
    data_dir: Path | None
    draws: MakeDraws = TorchDraws
    limit_s: float = 600.0

    @property
    def links(self) -> int:
        """K of the trainings."""
        return self.trainings[0].links

    @property
    def all_queries(self) -> range:
        """The numbers of all queries, including those of the warm-up."""
        return range(self.warm_up + self.queries)

    @property
    def warm_up(self) -> int:
        """The number of queries that are not timed."""
        return max(1, self.queries // 10)

    def plan(self, config: RunConfig) -> RunPlan:
        """The order of the steps of one training."""
        return RunPlan(config, *self.samples)


@dataclass(frozen=True, slots=True)
class Training:
    """One training, as the base station saw it.

    Attributes:
        step_s: seconds per step in each epoch except the first.
        losses: the cross-entropy of each step in nats per sample.
    """

    step_s: tuple[float, ...]
    losses: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Queries:
    """The queries, as the device saw them.

    Attributes:
        times_ns: (queries,) int64, from the sample to the answer; empty if none were asked.
        answers: the classes, those of the warm-up first.
    """

    times_ns: Int64 = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    answers: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class PeerRun:
    """The outcome of a job: the trainings by batch size, and the queries."""

    trainings: Mapping[int, Training]
    queries: Queries


class EpochClock:
    """Times the epochs of a training at the party that drives it; the first epoch begins when the clock is made."""

    def __init__(self, plan: RunPlan) -> None:
        self._per_epoch = plan.steps_per_epoch
        self._steps = 0
        self._marks = [time.perf_counter()]

    def end_step(self) -> None:
        """Note the end of a step."""
        self._steps += 1
        if self._steps % self._per_epoch == 0:
            self._marks.append(time.perf_counter())

    @property
    def step_s(self) -> tuple[float, ...]:
        """Seconds per step in each epoch except the first."""
        return tuple((end - begin) / self._per_epoch for begin, end in pairwise(self._marks[1:]))


def ask_all(job: PeerJob, ask: Callable[[int], int]) -> Queries:
    """Ask all queries of a job, one after the other, and time those after the warm-up."""
    times, answers = [], []
    for number in job.all_queries:
        started = time.monotonic_ns()
        answers.append(ask(number))
        times.append(time.monotonic_ns() - started)
    return Queries(np.array(times[job.warm_up :], dtype=np.int64), tuple(answers))


def peer_run(job: PeerJob, trainings: Sequence[Training], queries: Queries) -> PeerRun:
    """Put together what two parties saw of a job."""
    by_batch = {config.training.batch_size: each for config, each in zip(job.trainings, trainings, strict=True)}
    return PeerRun(by_batch, queries)
