"""Aligns text in columns."""

from collections.abc import Sequence


def label_rows(rows: Sequence[tuple[str, str]], least_width: int = 0) -> list[str]:
    """Format rows of (label, text) as lines; all texts start after the longest label or after `least_width` columns."""
    width = max([least_width, *(len(label) for label, _ in rows)])
    return [f"{label:<{width}}  {text}" for label, text in rows]


def columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """Format rows of cells as lines; the first column is left-aligned, the others are right-aligned."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(_aligned(row, widths)) for row in rows]


def _aligned(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    first, *others = zip(row, widths, strict=True)
    return [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]
