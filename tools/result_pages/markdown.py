"""Tables in Markdown."""

from collections.abc import Mapping
from typing import TypeVar

Column = TypeVar("Column")


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
