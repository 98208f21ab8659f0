"""Hyper-VIB's Table I compares one training for each β with one training for all, at β chosen by held-out error."""

from collections.abc import Mapping, Sequence

from splitwave.common.tasks.wording import Wording
from splitwave.experiments.sweep.intervals import interval
from splitwave.experiments.sweep.table import Row, wording_of
from tools.result_pages.gaps import gap_over_seeds, gap_unit
from tools.result_pages.markdown import spread
from tools.result_pages.selection import Selected, select


def selection_table(rows: Sequence[Row], curve: str, *others: str) -> str:
    """Return a table with the error of each curve at its chosen β and the CPU time of all its trainings.

    The `others` are compared with `curve` seed by seed: their errors by `gap_over_seeds`, their times by the ratio.

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
        body.append(
            f"| {name} | {_own(other, wording)} | {_gap(first, other, wording)} | {_seconds(other)} "
            f"| {_cost_ratio(first, other)} |"
        )
    return "\n".join([head, "|---|---|--:|--:|--:|--:|", *body])


def _own(seeds: Mapping[int, Selected], wording: Wording) -> str:
    betas = ", ".join(f"{one.row.beta:.1e}" for one in seeds.values())
    errors = interval(list(_test_errors(seeds).values()))
    readable = wording.readable
    converted = f" ({readable.convert(errors.mean):.2f} {readable.unit})" if readable else ""
    return f"{betas} | {spread(errors, wording.scale, 2)}{converted}"


def _gap(first: Mapping[int, Selected], other: Mapping[int, Selected], wording: Wording) -> str:
    return f"{gap_over_seeds(_test_errors(first), _test_errors(other), wording)} {gap_unit(wording)}"


def _seconds(seeds: Mapping[int, Selected]) -> str:
    return spread(interval([one.training_s for one in seeds.values()]), 1.0, 0)


def _cost_ratio(first: Mapping[int, Selected], other: Mapping[int, Selected]) -> str:
    return spread(interval([other[seed].training_s / first[seed].training_s for seed in first]), 1.0, 3)


def _test_errors(seeds: Mapping[int, Selected]) -> dict[int, float]:
    return {seed: _test_error(one) for seed, one in seeds.items()}


def _test_error(selected: Selected) -> float:
    if selected.row.test_error is None:
        raise ValueError(f"trial {selected.row.trial}: it has no test error")
    return selected.row.test_error
