"""One session of a sweep: carries out the remaining trials of some figures, then writes their tables and pictures."""

import fcntl
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import get_args

from splitwave.common.data.catalog import DATA_SETS, fingerprint
from splitwave.common.data.dataset import Split
from splitwave.common.errors import ConfigError
from splitwave.common.files.folders import make_output_folder
from splitwave.experiments.duration import duration
from splitwave.experiments.sweep import table
from splitwave.experiments.sweep.figure import Figure, rows
from splitwave.experiments.sweep.plot import redraw
from splitwave.experiments.sweep.pool import run_trials
from splitwave.experiments.sweep.store import Store
from splitwave.experiments.trials.cost import expected_seconds
from splitwave.experiments.trials.outcome import Outcome
from splitwave.experiments.trials.provenance import Provenance
from splitwave.experiments.trials.resolved import resolve
from splitwave.experiments.trials.trial import DtJsccTrial, QmlIbTrial, Trial, VddibSrTrial, VibTrial
from splitwave.testbed.results.provenance import package_versions

PrintLine = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class SweepSession:
    """Completes figures in a folder, which has outcomes in `trials/` and a CSV, JSON, PDF and PNG for each figure.

    Attributes:
        folder: the folder to work in; its name is that of the preset.
        figures: the figures to complete.
        jobs: number of worker processes.
        data_dir: folder with the data sets, or None.
        print_line: called with each line of progress.
        method: carry out only the trials of this method; None for all methods.
    """

    folder: Path
    figures: Sequence[Figure]
    jobs: int
    data_dir: Path | None
    print_line: PrintLine
    method: str | None = None

    def remaining(self) -> list[Trial]:
        """Return the trials without an outcome, by seed; trials that share VDDIB-SR's phase 1 are adjacent.

        Raises:
            DataError: a stored outcome is damaged.
        """
        wanted = dict.fromkeys(trial for figure in self.figures for trial in figure.trials)
        asked = (trial for trial in wanted if self.method in (None, trial.method))
        return sorted((trial for trial in asked if self._store.find(trial) is None), key=_order)

    def plan(self) -> list[Trial]:
        """Print the number of remaining trainings and their expected duration; returns the trials."""
        remaining = self.remaining()
        total = len({trial for figure in self.figures for trial in figure.trials})
        expected = duration(expected_seconds(remaining, self._finished()) / self.jobs)
        time = f": about {expected} with {self.jobs} one-thread workers" if remaining else ""
        self.print_line(f"{len(remaining)} of {total} trainings are left{time}")
        return remaining

    def run(self) -> None:
        """Carry out the remaining trials, then write every figure; finished trials are never repeated.

        Raises:
            ConfigError: another session is working in the folder.
            DataError: the data are missing or damaged.
            RunFailedError: some trials failed; the outcomes of the others are stored.
        """
        for name in sorted({trial.data for trial in self.remaining()}):
            for split in get_args(Split):
                DATA_SETS.load(name).verify(split, self.data_dir)
        with _locked(self.folder):
            remaining = self.plan()
            try:
                run_trials(
                    remaining,
                    jobs=self.jobs,
                    data_dir=self.data_dir,
                    provenance=Provenance.current(),
                    store=self._store,
                    finished=self._progress(remaining),
                )
            finally:
                for figure in self.figures:
                    self._write(figure)

    def _progress(self, trials: Sequence[Trial]) -> Callable[[Outcome], None]:
        remaining, known = dict.fromkeys(trials), self._finished()

        def report(outcome: Outcome) -> None:
            del remaining[outcome.trial]
            known.append(outcome)
            expected = duration(expected_seconds(remaining, known) / self.jobs)
            time = f"; about {expected} left" if remaining else ""
            self.print_line(f"[{len(trials) - len(remaining)}/{len(trials)}] {_describe(outcome)}{time}")

        return report

    @property
    def _store(self) -> Store:
        return Store(self.folder / "trials")

    def _finished(self) -> list[Outcome]:
        trials = {trial for figure in self.figures for trial in figure.trials}
        return [outcome for outcome in map(self._store.find, trials) if outcome is not None]

    def _write(self, figure: Figure) -> None:
        """Write the figure's files for its finished trials; nothing if there are none."""
        outcomes = [outcome for outcome in map(self._store.find, figure.trials) if outcome is not None]
        finished = rows(figure, outcomes)
        if not finished:
            return
        table.write(self.folder / f"{figure.name}.csv", finished)
        record = json.dumps(_record(figure, outcomes, self.folder.name, self.data_dir), indent=1)
        (self.folder / f"{figure.name}.json").write_text(record + "\n", encoding="utf-8")
        redraw(figure, self.folder)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Lock the folder, so that no second session does the same work."""
    make_output_folder(folder, "--results")
    with (folder / ".lock").open("w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConfigError(f"--results: another `splitwave experiment run` is working in {folder}") from None
        yield


def _order(trial: Trial) -> tuple[object, ...]:
    phase_1 = (trial.backbone, trial.links, trial.overlap) if trial.method == "vddib-sr" else ()
    return trial.seed, trial.method, phase_1


def _describe(outcome: Outcome) -> str:
    trial = outcome.trial
    error = min(
        (
            measured.validation_error
            for measured in outcome.measurements
            if (measured.psnr_db, measured.threshold) == (trial.psnr_db, inf) and measured.validation_error is not None
        ),
        default=None,
    )
    own = _own_settings(trial)
    link = "ideal" if trial.psnr_db is None else f"{trial.psnr_db:g} dB"
    wording = DATA_SETS.load(trial.data).TASK.wording
    result = "nothing held out" if error is None else f"validation error {wording.error_in_full(error)}"
    return (
        f"{trial.method} {trial.backbone} K = {trial.links} d = {trial.symbols} {own} {link} seed {trial.seed}: "
        f"{result}, {duration(outcome.seconds)}"
    )


def _own_settings(trial: Trial) -> str:
    match trial:
        case QmlIbTrial():
            return f"T = {trial.breakpoints} β = {trial.beta:g}" + (f" {trial.digital}" if trial.digital else "")
        case VddibSrTrial():
            return f"{trial.encoding.bits} bits"
        case VibTrial():
            return f"β = {trial.beta:g}" if trial.beta_range is None else "β = {:g} to {:g}".format(*trial.beta_range)
        case DtJsccTrial():
            return f"{trial.codewords} codewords, {trial.modulation}"


def _record(figure: Figure, outcomes: Sequence[Outcome], preset: str, data_dir: Path | None) -> dict[str, object]:
    """Return the origin of a figure's numbers, and all settings of each of its trials, as JSON."""
    seeds = {trial.seed for trial in figure.trials}
    return {
        "command": f"splitwave experiment run {figure.name} --preset {preset} --seeds {len(seeds)}",
        "finished": len(outcomes),
        "trainings": len(figure.trials),
        "seeds": sorted({outcome.trial.seed for outcome in outcomes}),
        "commits": sorted({outcome.commit for outcome in outcomes}),
        "machines": sorted({outcome.machine for outcome in outcomes}),
        "cpu_hours": round(sum(outcome.seconds for outcome in outcomes) / 3600, 2),
        "packages": package_versions(),
        "data_sha256": {name: fingerprint(name, data_dir) for name in sorted({o.trial.data for o in outcomes})},
        "settings": {outcome.trial.key: resolve(outcome.trial) for outcome in outcomes},
    }
