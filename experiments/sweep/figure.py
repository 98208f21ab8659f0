"""The definition of a figure: marks on curves, each of which is a measurement of one trial."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Literal

from splitwave.experiments.sweep.table import Row
from splitwave.experiments.trials.outcome import Measurement, Outcome
from splitwave.experiments.trials.radio import RadioName
from splitwave.experiments.trials.trial import Trial

ErrorColumn = Literal["test_error", "validation_error"]


@dataclass(frozen=True, slots=True)
class Mark:
    """The point of one seed on a curve.

    Attributes:
        x: the x coordinate; None for the measured mean airtime.
        psnr_db, threshold, beta, missing_links, radio: select one of the trial's measurements.
    """

    panel: str
    curve: str
    x: float | None
    trial: Trial
    psnr_db: float | None
    threshold: float = inf
    beta: float | None = None
    missing_links: int = 0
    radio: RadioName | None = None


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure or a table of a paper.

    Attributes:
        error: the split whose error is shown.
        views: splits panels that have too many curves into several panels: for each view, its title and a regular
            expression that selects its curves. A curve may be in several views.
        columns: number of panels side by side in a figure without views.
    """

    name: str
    title: str
    x_label: str
    marks: tuple[Mark, ...]
    log_x: bool = False
    error: ErrorColumn = "test_error"
    views: Mapping[str, str] = field(default_factory=dict)
    columns: int = 3

    @property
    def trials(self) -> list[Trial]:
        """The trials that the figure needs, without duplicates."""
        return list(dict.fromkeys(mark.trial for mark in self.marks))


def rows(figure: Figure, outcomes: Iterable[Outcome]) -> list[Row]:
    """Return the rows of the figure's table for the finished trials, in the order of the marks."""
    finished = {outcome.trial: outcome for outcome in outcomes}
    return [_row(mark, finished[mark.trial]) for mark in figure.marks if mark.trial in finished]


def _row(mark: Mark, outcome: Outcome) -> Row:
    measured = _find(mark, outcome)
    return Row.of(mark.panel, mark.curve, measured.airtime_ms if mark.x is None else mark.x, outcome, measured)


def _find(mark: Mark, outcome: Outcome) -> Measurement:
    for measurement in outcome.measurements:
        if _place(measurement) == _place(mark):
            return measurement
    place = "{} dB, threshold {}, β {}, without {} links, radio {}".format(*_place(mark))
    raise ValueError(f"trial {mark.trial.key} was not measured at {place}")


def _place(where: Mark | Measurement) -> tuple[float | None, float, float | None, int, RadioName | None]:
    return where.psnr_db, where.threshold, where.beta, where.missing_links, where.radio
