"""Parses lists of links, as command lines have them."""

import re

from splitwave.common.errors import ConfigError
from splitwave.common.limits import MAX_LINKS

_PART = re.compile(r"(\d+)(?:-(\d+))?", re.ASCII)


def parse_links(text: str, option: str = "--links") -> tuple[int, ...]:
    """The links that a list such as `0-31` or `0,2,5-7` names, in its order.

    Args:
        text: the list.
        option: the option that it was given with, for the error.

    Raises:
        ConfigError: the text is no such list, or names a link twice, or one that no run can have.
    """
    links: list[int] = []
    for part in text.split(","):
        match = _PART.fullmatch(part.strip())
        if match is None:
            raise ConfigError(f"{option} {text}: {part.strip()!r} is neither a link nor a range, as in 0,2,5-7")
        first, last = int(match[1]), int(match[2] or match[1])
        if not first <= last < MAX_LINKS:
            raise ConfigError(f"{option} {text}: {part.strip()}: links ascend, from 0 to at most {MAX_LINKS - 1}")
        links += range(first, last + 1)
    twice = sorted({link for link in links if links.count(link) > 1})
    if twice:
        raise ConfigError(f"{option} {text} names {', '.join(map(str, twice))} twice")
    return tuple(links)
