"""Waits for one answer of every link to a question of the base station."""

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

from splitwave.common.errors import ProtocolError, Refusal

Answer = TypeVar("Answer")


class LinkBarrier(Generic[Answer]):
    """Takes the answers to one question, from each link once, and nothing else."""

    def __init__(self, links: int) -> None:
        self._links = links
        self._fits: Callable[[Answer], bool] | None = None
        self._by_link: dict[int, Answer] = {}
        self._complete = asyncio.Event()

    def expect(self, fits: Callable[[Answer], bool]) -> None:
        """Begin a new question; `fits` accepts its answers."""
        self._fits = fits
        self._by_link = {}
        self._complete.clear()

    def take(self, link: int, answer: Answer) -> None:
        """Take one link's answer.

        Raises:
            ProtocolError: nothing was asked, it does not fit the question, or the link has answered.
        """
        if self._fits is None or link in self._by_link or not self._fits(answer):
            name = type(answer).__name__
            raise ProtocolError(f"link {link} sent a {name} that was not asked for", Refusal.FAILED_PRECONDITION)
        self._by_link[link] = answer
        if len(self._by_link) == self._links:
            self._fits = None
            self._complete.set()

    def expects(self, link: int) -> bool:
        """Whether this link has not answered yet."""
        return self._fits is not None and link not in self._by_link

    async def all(self) -> dict[int, Answer]:
        """Every link's answer by link, in ascending order, once all are in."""
        await self._complete.wait()
        return {link: self._by_link[link] for link in sorted(self._by_link)}
