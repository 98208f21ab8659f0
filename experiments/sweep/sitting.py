"""One sitting of a sweep: what is left of some figures is trained, and their tables and pictures grow with it."""

import json
import platform
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from common.data.catalog import content_digest
from experiments.sweep import table
from experiments.sweep.cost import expected_seconds
from experiments.sweep.figure import Figure, rows
from experiments.sweep.measurement import Outcome
from experiments.sweep.plot import redraw
from experiments.sweep.pool import carry_out_all
from experiments.sweep.store import Store
from experiments.sweep.trial import Trial
from testbed.provenance import cpu_model, current_commit, package_versions

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Sitting:
    """Figures to bring to an end in a folder: `trials/` keeps outcomes, a CSV, JSON, PDF and PNG a figure show them."""

    folder: Path
    figures: Sequence[Figure]
    jobs: int
    data_dir: Path | None
    say: Say

    def left(self) -> list[Trial]:
        """Trials to train, seeds outermost, those that share VDDIB-SR's phase 1 together.

        Raises:
            DataError: a kept outcome is damaged.
        """
        wanted = dict.fromkeys(trial for figure in self.figures for trial in figure.trials)
        return sorted((trial for trial in wanted if self._store.find(trial) is None), key=_order)

    def plan(self) -> list[Trial]:
        """Say how many trainings are left and how long they will take; returns them."""
        left = self.left()
        total = len({trial for figure in self.figures for trial in figure.trials})
        hours = expected_seconds(left, self._finished()) / self.jobs / 3600
        self.say(f"{len(left)} of {total} trainings are left: about {hours:.2f} h with {self.jobs} one-thread workers")
        return left

    def run(self) -> None:
        """Train what is left, then write every figure; what a sitting finishes, the next one does not repeat.

        Raises:
            DataError: the data are missing or damaged.
            RunFailedError: trials failed; the others are kept.
        """
        left = self.plan()
        started, finished = time.monotonic(), list[Outcome]()

        def note(outcome: Outcome) -> None:
            finished.append(outcome)
            remaining = [trial for trial in left if trial not in {done.trial for done in finished}]
            eta_s = _eta_s(time.monotonic() - started, finished, remaining)
            self.say(f"[{len(finished)}/{len(left)}] {_describe(outcome)}; about {timedelta(seconds=eta_s)} left")

        try:
            carry_out_all(
                left, jobs=self.jobs, data_dir=self.data_dir, commit=_commit(), store=self._store, finished=note
            )
        finally:
            for figure in self.figures:
                self._write(figure)

    @property
    def _store(self) -> Store:
        return Store(self.folder / "trials")

    def _finished(self) -> list[Outcome]:
        trials = {trial for figure in self.figures for trial in figure.trials}
        return [outcome for outcome in map(self._store.find, trials) if outcome is not None]

    def _write(self, figure: Figure) -> None:
        """The figure's files as far as its trials are finished."""
        outcomes = [outcome for outcome in map(self._store.find, figure.trials) if outcome is not None]
        finished = rows(figure, outcomes)
        if not finished:
            return
        table.write(self.folder / f"{figure.name}.csv", finished)
        provenance = _provenance(figure, outcomes, self.data_dir)
        (self.folder / f"{figure.name}.json").write_text(json.dumps(provenance, indent=2) + "\n", encoding="utf-8")
        redraw(figure, self.folder)


def _order(trial: Trial) -> tuple[object, ...]:
    phase_1 = (trial.backbone, trial.links, trial.overlap) if trial.method == "vddib-sr" else ()
    return trial.seed, trial.method, phase_1


def _eta_s(elapsed_s: float, finished: Sequence[Outcome], remaining: Sequence[Trial]) -> int:
    """Wall-clock seconds to come, at the rate of this sitting."""
    done = expected_seconds([outcome.trial for outcome in finished], [])
    return round(elapsed_s * expected_seconds(remaining, []) / done)


def _describe(outcome: Outcome) -> str:
    trial = outcome.trial
    own_link = [measured for measured in outcome.measurements if measured.psnr_db == trial.psnr_db]
    error = min((measured.validation_error for measured in own_link), default=float("nan"))
    own = f"T = {trial.breakpoints} β = {trial.beta:g}" if trial.method == "qml-ib" else f"{trial.bits} bits"
    link = "ideal" if trial.psnr_db is None else f"{trial.psnr_db:g} dB"
    return (
        f"{trial.method} {trial.backbone} K = {trial.links} d = {trial.symbols} {own} {link} seed {trial.seed}: "
        f"validation error {error:.2%}, {outcome.seconds:.0f} s"
    )


def _commit() -> str:
    commit = current_commit()
    return "unknown" if commit is None else commit.sha + ("+changes" if commit.dirty else "")


def _provenance(figure: Figure, outcomes: Sequence[Outcome], data_dir: Path | None) -> dict[str, object]:
    names = sorted({trial.data for trial in figure.trials})
    return {
        "command": ["splitwave", *sys.argv[1:]],
        "trainings": f"{len(outcomes)} of {len(figure.trials)}",
        "seeds": sorted({outcome.trial.seed for outcome in outcomes}),
        "commits": sorted({outcome.commit for outcome in outcomes}),
        "cpu_model": cpu_model(),
        "cpu_hours": round(sum(outcome.seconds for outcome in outcomes) / 3600, 2),
        "python": platform.python_version(),
        "packages": package_versions(),
        "data_sha256": {name: content_digest(name, "train", data_dir) for name in names},
    }
