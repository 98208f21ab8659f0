"""Waits for one answer of every link to a question of the base station."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

from splitwave.common.errors import ProtocolError, Refusal

Answer = TypeVar("Answer")


class LinkBarrier(Generic[Answer]):
    """Takes the answers to one question, from each link once, and nothing else."""

    def __init__(self, links: int) -> None:
        self._all = range(links)
        self._fits: Callable[[Answer], bool] | None = None
        self._missing: set[int] = set()
        self._by_link: dict[int, Answer] = {}
        self._complete = asyncio.Event()

    def expect(self, fits: Callable[[Answer], bool], links: Iterable[int] | None = None) -> None:
        """Begin a new question to these links, by default to all; `fits` accepts its answers."""
        self._fits = fits
        self._missing = set(self._all if links is None else links)
        self._by_link = {}
        self._complete.clear()

    def lose(self, link: int) -> None:
        """Wait no longer for a link."""
        self._missing.discard(link)
        self._end_if_complete()

    def take(self, link: int, answer: Answer) -> None:
        """Take one link's answer.

        Raises:
            ProtocolError: nothing was asked, it does not fit the question, or the link has answered.
        """
        if self._fits is None or link not in self._missing or not self._fits(answer):
            name = type(answer).__name__
            raise ProtocolError(f"link {link} sent a {name} that was not asked for", Refusal.FAILED_PRECONDITION)
        self._by_link[link] = answer
        self._missing.remove(link)
        self._end_if_complete()

    def expects(self, link: int) -> bool:
        """Whether this link has not answered yet."""
        return link in self._missing

    async def all(self) -> dict[int, Answer]:
        """The answers by link, in ascending order, once all are in."""
        await self._complete.wait()
        return {link: self._by_link[link] for link in sorted(self._by_link)}

    def _end_if_complete(self) -> None:
        if self._fits is not None and not self._missing:
            self._fits = None
            self._complete.set()
