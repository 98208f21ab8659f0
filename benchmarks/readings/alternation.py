"""Two or more sides measured in turn, so that all of them meet the same machine."""

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

T = TypeVar("T")

Side = Callable[[], Awaitable[T]]


async def alternate(sides: Mapping[str, Side[T]], repetitions: int) -> dict[str, list[T]]:
    """Measure each side once a round, in an order that turns round by round: A B, B A, A B.

    Returns:
        a list a side, an outcome a round.
    """
    outcomes: dict[str, list[T]] = {name: [] for name in sides}
    for number in range(repetitions):
        names = list(sides)
        for name in names if number % 2 == 0 else reversed(names):
            outcomes[name].append(await sides[name]())
    return outcomes
