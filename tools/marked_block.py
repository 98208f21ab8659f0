"""Blocks of Markdown pages that tools write, between `<!-- NAME: begin -->` and `<!-- NAME: end -->`."""


def block_in(text: str, name: str) -> str:
    """Return the block of this name, without the blank lines around it.

    Raises:
        ValueError: a marker is missing.
    """
    start, end = _place(text, name)
    return text[start:end].strip()


def with_block(text: str, name: str, block: str) -> str:
    """Return the text with `block` in place of its block of this name.

    Raises:
        ValueError: a marker is missing.
    """
    start, end = _place(text, name)
    # Not every reader of Markdown takes a table directly below a comment for a table.
    return f"{text[:start]}\n\n{block.strip()}\n\n{text[end:]}"


def _place(text: str, name: str) -> tuple[int, int]:
    """Return the offsets at which the block begins and ends."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    for marker in (begin, end):
        if marker not in text:
            raise ValueError(f"the page lacks {marker}")
    return text.index(begin) + len(begin), text.index(end)
