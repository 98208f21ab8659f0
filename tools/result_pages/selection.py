"""The result of a method at the β of its lowest held-out error, and the cost of its trainings (Hyper-VIB's Table I)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from splitwave.experiments.sweep.table import Row


@dataclass(frozen=True, slots=True)
class Selected:
    """One seed of a method.

    Attributes:
        row: the row with the β of the lowest held-out error.
        training_s: CPU seconds of all its trainings, each counted once.
    """

    row: Row
    training_s: float


def select(rows: Iterable[Row], panel: str, curve: str) -> dict[int, Selected]:
    """Select the best row of a curve over β, for each seed.

    Raises:
        ValueError: there is no such curve, or a row lacks its held-out error or training time.
    """
    by_seed: dict[int, list[Row]] = {}
    for row in rows:
        if (row.panel, row.curve) == (panel, curve):
            by_seed.setdefault(row.seed, []).append(row)
    if not by_seed:
        raise ValueError(f"{panel} | {curve}: no such curve")
    return {seed: Selected(min(mine, key=_held_out), _training_s(mine)) for seed, mine in sorted(by_seed.items())}


def _held_out(row: Row) -> float:
    if row.validation_error is None:
        raise ValueError(f"trial {row.trial}: nothing was held out to choose β by")
    return row.validation_error


def _training_s(rows: Sequence[Row]) -> float:
    times = {row.trial: row.training_s for row in rows}
    known = [seconds for seconds in times.values() if seconds is not None]
    if len(known) < len(times):
        raise ValueError(f"{rows[0].curve}: a training's time is not known")
    return sum(known)
