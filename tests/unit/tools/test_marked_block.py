"""A tool changes its own block of a page, and nothing else."""

import pytest

from tools.marked_block import block_in, with_block

BEGIN, END = "<!-- mine: begin -->", "<!-- mine: end -->"


def test_a_page_keeps_what_is_around_the_block() -> None:
    assert with_block(f"a\n{BEGIN}\nold\n{END}\nb\n", "mine", "new\n") == f"a\n{BEGIN}\n\nnew\n\n{END}\nb\n"


def test_a_block_is_read_as_it_was_written() -> None:
    page = with_block(f"{BEGIN}{END}", "mine", "| a |\n|---|")
    assert block_in(page, "mine") == "| a |\n|---|"
    assert with_block(page, "mine", "| a |\n|---|") == page


@pytest.mark.parametrize(("page", "missing"), [("nothing", "begin"), (f"{BEGIN} only", "end")])
def test_a_page_without_markers_is_refused(page: str, missing: str) -> None:
    with pytest.raises(ValueError, match=f"the page lacks <!-- mine: {missing} -->"):
        with_block(page, "mine", "new")
