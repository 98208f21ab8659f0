"""Text in columns."""

from collections.abc import Sequence


def label_rows(rows: Sequence[tuple[str, str]], least_width: int = 0) -> list[str]:
    """A line a row: its label, and its text beside the longest label, `least_width` columns from the left or more."""
    width = max([least_width, *(len(label) for label, _ in rows)])
    return [f"{label:<{width}}  {text}" for label, text in rows]


def columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """A line a row: the first column begins at the left, the others end at the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(_aligned(row, widths)) for row in rows]


def _aligned(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    first, *others = zip(row, widths, strict=True)
    return [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]
