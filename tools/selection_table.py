"""Hyper-VIB's Table I as a table of a page: a training a β against one for all, β chosen by held-out error."""

from collections.abc import Callable, Mapping, Sequence

from splitwave.common.tasks.wording import Wording
from splitwave.experiments.sweep.intervals import Interval, interval
from splitwave.experiments.sweep.table import Row, wording_of
from tools.selection import Selected, select


def spread(of: Interval, scale: float, digits: int, sign: str = "") -> str:
    """A mean and its interval as text, both scaled."""
    half = "" if of.half_width is None else f" ± {scale * of.half_width:.{digits}f}"
    return f"{scale * of.mean:{sign}.{digits}f}{half}"


def selection_table(rows: Sequence[Row], curve: str, *others: str) -> str:
    """Error at the β chosen, seed by seed, and CPU time of all trainings of each; and what `others` are to `curve`.

    Errors are compared by their difference in points where they are shares, else by their ratio.

    Raises:
        ValueError: a curve is missing, their seeds differ, or the table does not say what is needed.
    """
    panel, wording = rows[0].panel, wording_of(rows)
    first, *rest = (select(rows, panel, name) for name in (curve, *others))
    for name, other in zip(others, rest, strict=True):
        if first.keys() != other.keys():
            raise ValueError(f"{curve} and {name}: seeds {sorted(first)} and {sorted(other)}")
    head = (
        f"| {panel} | β chosen, seed by seed | test error ({wording.unit}) | against the first | training, CPU s "
        "| cost ratio |"
    )
    body = [f"| {curve} | {_own(first, wording)} | | {_seconds(first)} | |"]
    for name, other in zip(others, rest, strict=True):
        ratio = _seed_by_seed(first, other, lambda of, to: to.training_s / of.training_s)
        body.append(
            f"| {name} | {_own(other, wording)} | {_against(first, other, wording)} | {_seconds(other)} "
            f"| {spread(ratio, 1.0, 3)} |"
        )
    return "\n".join([head, "|---|---|--:|--:|--:|--:|", *body])


def _own(seeds: Mapping[int, Selected], wording: Wording) -> str:
    betas = ", ".join(f"{one.row.beta:.1e}" for one in seeds.values())
    errors = interval([_test_error(one) for one in seeds.values()])
    readable = wording.readable
    converted = f" ({readable.convert(errors.mean):.2f} {readable.unit})" if readable else ""
    return f"{betas} | {spread(errors, wording.scale, 2)}{converted}"


def _against(first: Mapping[int, Selected], other: Mapping[int, Selected], wording: Wording) -> str:
    if wording.is_share:
        return f"{spread(_seed_by_seed(first, other, _difference), 100.0, 2, sign='+')} points"
    return f"{spread(_seed_by_seed(first, other, _excess), 100.0, 1, sign='+')} %"


def _seconds(seeds: Mapping[int, Selected]) -> str:
    return spread(interval([one.training_s for one in seeds.values()]), 1.0, 0)


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
