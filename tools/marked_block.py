"""Blocks of Markdown pages that tools write: what lies between `<!-- NAME: begin -->` and `<!-- NAME: end -->`."""


def block_in(text: str, name: str) -> str:
    """The block of this name.

    Raises:
        ValueError: a marker is missing.
    """
    start, end = _place(text, name)
    return text[start:end].strip()


def with_block(text: str, name: str, block: str) -> str:
    """The text with another block of this name.

    Raises:
        ValueError: a marker is missing.
    """
    start, end = _place(text, name)
    # A table directly below a comment is no table for every reader of Markdown.
    return f"{text[:start]}\n\n{block.strip()}\n\n{text[end:]}"


def _place(text: str, name: str) -> tuple[int, int]:
    """Where the block begins and ends."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    for marker in (begin, end):
        if marker not in text:
            raise ValueError(f"the page lacks {marker}")
    return text.index(begin) + len(begin), text.index(end)
