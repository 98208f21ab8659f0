"""Slopes of what a process holds, by least squares after a warm-up, and the limits that they are compared with."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tests.e2e.soak.readings import Reading

WARM_UP = 1 / 3
"""Share of a phase whose readings do not count."""
RSS_MB_PER_HOUR = 5.0
RSS_NOISE_MB = 1.0
"""Growth of resident memory that is within the noise of the allocator, however short the phase."""
LEAST_READINGS = 6


@dataclass(frozen=True)
class Slopes:
    """Growth of a process in a phase, after the warm-up.

    Attributes:
        process, phase: which.
        hours: of the readings that count.
        rss_mb: resident memory at the end.
        rss_mb_per_hour, threads_per_hour, descriptors_per_hour, tasks_per_hour: slopes.
        more_threads, more_descriptors, more_tasks: lowest count of the last half less that of the first half: what is
            open for a moment, as a file while a checkpoint is written, does not count.
    """

    process: str
    phase: str
    hours: float
    rss_mb: float
    rss_mb_per_hour: float
    threads_per_hour: float
    descriptors_per_hour: float
    tasks_per_hour: float
    more_threads: int
    more_descriptors: int
    more_tasks: int

    @property
    def rss_limit_mb_per_hour(self) -> float:
        """The least slope that is more than noise."""
        return RSS_MB_PER_HOUR + RSS_NOISE_MB / self.hours

    @property
    def is_flat(self) -> bool:
        """Whether memory grows within its limit, and threads, descriptors and tasks do not at all."""
        grows = self.rss_mb_per_hour > self.rss_limit_mb_per_hour
        return not grows and max(self.more_threads, self.more_descriptors, self.more_tasks) <= 0


def slopes(process: str, phase: str, readings: Sequence[Reading]) -> Slopes:
    """Fit straight lines through the readings of one phase.

    Raises:
        ValueError: there are too few.
    """
    first_s, last_s = readings[0].at_s, readings[-1].at_s
    counted = [each for each in readings if each.at_s >= first_s + WARM_UP * (last_s - first_s)]
    if len(counted) < LEAST_READINGS:
        raise ValueError(f"{process}, {phase}: {len(counted)} readings after the warm-up, expected {LEAST_READINGS}")
    hours = np.array([each.at_s for each in counted]) / 3600
    threads = [each.threads for each in counted]
    descriptors = [each.descriptors for each in counted]
    tasks = [each.tasks for each in counted]
    return Slopes(
        process,
        phase,
        hours=float(hours[-1] - hours[0]),
        rss_mb=counted[-1].rss_mb,
        rss_mb_per_hour=_slope(hours, [each.rss_mb for each in counted]),
        threads_per_hour=_slope(hours, threads),
        descriptors_per_hour=_slope(hours, descriptors),
        tasks_per_hour=_slope(hours, tasks),
        more_threads=_growth(threads),
        more_descriptors=_growth(descriptors),
        more_tasks=_growth(tasks),
    )


def table(rows: Sequence[Slopes]) -> str:
    """One row per phase and process."""
    titles = f"{'phase':<10}{'process':<13}{'RSS MB':>8}{'MB/h':>9}{'limit':>8}"
    lines = [
        f"{row.phase:<10}{row.process:<13}{row.rss_mb:>8.1f}{row.rss_mb_per_hour:>9.2f}{row.rss_limit_mb_per_hour:>8.1f}"
        f"{row.threads_per_hour:>11.2f}{row.descriptors_per_hour:>10.2f}{row.tasks_per_hour:>9.2f}"
        f"  {'flat' if row.is_flat else 'GROWS'}"
        for row in rows
    ]
    return "\n".join([f"{titles}{'threads/h':>11}{'descr./h':>10}{'tasks/h':>9}  verdict", *lines])


def _slope(hours: "np.ndarray[tuple[int], np.dtype[np.float64]]", values: Sequence[float]) -> float:
    return float(np.polynomial.Polynomial.fit(hours, values, 1).convert().coef[1]) if len(set(values)) > 1 else 0.0


def _growth(counts: Sequence[int]) -> int:
    half = len(counts) // 2
    return min(counts[half:]) - min(counts[:half])
