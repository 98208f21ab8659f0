"""Lists of links on the command line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from splitwave.common.errors import ConfigError
from splitwave.common.limits import MAX_LINKS
from splitwave.common.protocol.link_list import parse_links


@pytest.mark.parametrize(
    ("text", "links"),
    [("0", (0,)), ("63", (63,)), ("0-3", (0, 1, 2, 3)), ("0,2,5-7", (0, 2, 5, 6, 7)), (" 4-4, 1 ", (4, 1))],
)
def test_links_are_listed_one_by_one_and_as_ranges(text: str, links: tuple[int, ...]) -> None:
    assert parse_links(text) == links


@given(st.lists(st.integers(0, MAX_LINKS - 1), min_size=1, unique=True))
def test_any_links_can_be_listed(links: list[int]) -> None:
    assert parse_links(",".join(map(str, links))) == tuple(links)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "--links : '' is neither a link nor a range"),
        ("0,,2", "--links 0,,2: '' is neither"),
        ("a-b", "--links a-b: 'a-b' is neither a link nor a range, as in 0,2,5-7"),
        ("-1", "--links -1: '-1' is neither"),
        ("0-", "--links 0-: '0-' is neither"),
        ("3-1", "--links 3-1: 3-1: links ascend, from 0 to at most 63"),
        ("0-64", "--links 0-64: 0-64: links ascend, from 0 to at most 63"),
        ("0-3,2", "--links 0-3,2 names 2 twice"),
        ("²", "neither a link nor a range"),
    ],
)
def test_what_is_no_list_of_links_is_refused_by_name(text: str, words: str) -> None:
    with pytest.raises(ConfigError) as error:
        parse_links(text)
    assert words in str(error.value)
