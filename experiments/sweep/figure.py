"""What a figure is: marks on curves, each a measurement of one trial."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Literal

from splitwave.experiments.sweep.table import Row
from splitwave.experiments.trials.outcome import Measurement, Outcome
from splitwave.experiments.trials.trial import Trial

ErrorColumn = Literal["test_error", "validation_error"]
Unit = Literal["%", "ns²"]
"""Of an error: the share of wrong classes in per cent, or the mean squared error of a delay."""


@dataclass(frozen=True, slots=True)
class Mark:
    """One seed's point of a curve.

    Attributes:
        x: where it lies; None: at the mean airtime that was measured.
        psnr_db, threshold, beta: which of the trial's measurements it shows.
    """

    panel: str
    curve: str
    x: float | None
    trial: Trial
    psnr_db: float | None
    threshold: float = inf
    beta: float | None = None


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of a paper, or a table.

    Attributes:
        error: which split's error it shows, and `unit` what it is in.
        views: splits a panel that has too many curves. Each view is a panel of its own: its title, and a regular
            expression that selects its curves. A curve may be in several views.
        columns: how many panels stand side by side in a figure without views.
    """

    name: str
    title: str
    x_label: str
    marks: tuple[Mark, ...]
    log_x: bool = False
    error: ErrorColumn = "test_error"
    unit: Unit = "%"
    views: Mapping[str, str] = field(default_factory=dict)
    columns: int = 3

    @property
    def trials(self) -> list[Trial]:
        """What has to be trained, each once."""
        return list(dict.fromkeys(mark.trial for mark in self.marks))


def rows(figure: Figure, outcomes: Iterable[Outcome]) -> list[Row]:
    """The figure's table as far as trials are finished, in the order of its marks."""
    finished = {outcome.trial: outcome for outcome in outcomes}
    return [_row(mark, finished[mark.trial]) for mark in figure.marks if mark.trial in finished]


def _row(mark: Mark, outcome: Outcome) -> Row:
    measured = _find(mark, outcome)
    return Row.of(mark.panel, mark.curve, measured.airtime_ms if mark.x is None else mark.x, outcome, measured)


def _find(mark: Mark, outcome: Outcome) -> Measurement:
    for measurement in outcome.measurements:
        if (measurement.psnr_db, measurement.threshold, measurement.beta) == (mark.psnr_db, mark.threshold, mark.beta):
            return measurement
    place = f"{mark.psnr_db} dB, threshold {mark.threshold}, β {mark.beta}"
    raise ValueError(f"trial {mark.trial.key} was not measured at {place}")
