"""Numbers and tables in Markdown."""

from collections.abc import Mapping
from typing import TypeVar

from splitwave.experiments.sweep.intervals import Interval

Column = TypeVar("Column")


def spread(values: Interval, scale: float, digits: int, sign: str = "") -> str:
    """Return a mean and its interval as text, both multiplied by `scale`."""
    half = "" if values.half_width is None else f" ± {scale * values.half_width:.{digits}f}"
    return f"{scale * values.mean:{sign}.{digits}f}{half}"


def markdown_table(corner: str, columns: Mapping[Column, str], rows: Mapping[str, Mapping[Column, str]]) -> str:
    """Return a table of numbers, with a label before each row.

    Args:
        corner: the heading of the labels.
        columns: the heading of each column.
        rows: by label, the cells by column; a missing cell is left empty.
    """
    head = f"| {corner} | {' | '.join(columns.values())} |"
    body = [f"| {label} | {' | '.join(row.get(column, '') for column in columns)} |" for label, row in rows.items()]
    return "\n".join([head, "|---|" + "--:|" * len(columns), *body])
