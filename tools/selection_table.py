"""Hyper-VIB's Table I as a table of a page: a training a β against one for all, β chosen by held-out error."""

from collections.abc import Callable, Mapping, Sequence

from common.task import root_in_metres
from experiments.sweep.figure import Unit
from experiments.sweep.intervals import Interval, interval
from experiments.sweep.selection import Selected, select
from experiments.sweep.table import Row


def spread(of: Interval, scale: float, digits: int, sign: str = "") -> str:
    """A mean and its interval as text, both scaled."""
    half = "" if of.half_width is None else f" ± {scale * of.half_width:.{digits}f}"
    return f"{scale * of.mean:{sign}.{digits}f}{half}"


def selection_table(rows: Sequence[Row], unit: Unit, curve: str, other: str) -> str:
    """Error at the β chosen, seed by seed, and CPU time of all trainings of each; then what `other` is to `curve`.

    Errors are compared by their difference in points where they are shares, else by their ratio.

    Raises:
        ValueError: a curve is missing, their seeds differ, or the table does not say what is needed.
    """
    panel = rows[0].panel
    chosen = {name: select(rows, panel, name) for name in (curve, other)}
    if chosen[curve].keys() != chosen[other].keys():
        raise ValueError(f"{curve} and {other}: seeds {sorted(chosen[curve])} and {sorted(chosen[other])}")
    head = f"| {panel} | β chosen, seed by seed | test error ({unit}) | training, CPU s |"
    body = [_line(name, seeds, unit) for name, seeds in chosen.items()]
    errors = _seed_by_seed(chosen[curve], chosen[other], _difference if unit == "%" else _excess)
    times = _seed_by_seed(chosen[curve], chosen[other], lambda of, to: to.training_s / of.training_s)
    compared = spread(errors, 100.0, 2 if unit == "%" else 1, sign="+") + (" points" if unit == "%" else " %")
    last = f"| the second against the first | | {compared} | × {spread(times, 1.0, 3)} |"
    return "\n".join([head, "|---|---|--:|--:|", *body, last])


def _line(name: str, seeds: Mapping[int, Selected], unit: Unit) -> str:
    betas = ", ".join(f"{one.row.beta:.1e}" for one in seeds.values())
    errors = interval([_test_error(one) for one in seeds.values()])
    shown = (
        spread(errors, 100.0, 2) if unit == "%" else f"{spread(errors, 1.0, 2)} ({root_in_metres(errors.mean):.2f} m)"
    )
    seconds = interval([one.training_s for one in seeds.values()])
    return f"| {name} | {betas} | {shown} | {spread(seconds, 1.0, 0)} |"


def _seed_by_seed(
    of: Mapping[int, Selected], to: Mapping[int, Selected], compare: Callable[[Selected, Selected], float]
) -> Interval:
    return interval([compare(of[seed], to[seed]) for seed in of])


def _difference(of: Selected, to: Selected) -> float:
    return _test_error(to) - _test_error(of)


def _excess(of: Selected, to: Selected) -> float:
    return _test_error(to) / _test_error(of) - 1.0


def _test_error(selected: Selected) -> float:
    if selected.row.test_error is None:
        raise ValueError(f"trial {selected.row.trial}: the test split was not looked at")
    return selected.row.test_error
