"""Checks of what the settings say about missing links."""

from collections.abc import Collection


def check_links_down(down: Collection[int], links: int) -> None:
    """Refuse links that do not exist, and a run without any link.

    Raises:
        ValueError: as said.
    """
    if len(set(down)) < len(down) or not set(down) < set(range(links)):
        raise ValueError(f"fusion.down = {down}: expected different links of 0 to {links - 1}, and not all of them")


def check_quorum(quorum: int | None, links: int) -> None:
    """Refuse to wait for more links than a run has.

    Raises:
        ValueError: as said.
    """
    if quorum is not None and quorum > links:
        raise ValueError(f"fusion.quorum = {quorum}: expected 1 to {links}, the number of links")


def check_link_dropout(dropout: float, links: int) -> None:
    """Refuse to erase the symbols of the only link: one link of each block stays.

    Raises:
        ValueError: as said.
    """
    if dropout and links < 2:
        raise ValueError(f"training.link_dropout = {dropout} does nothing with links = {links}: one link always stays")
