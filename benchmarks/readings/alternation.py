"""Measures two or more sides alternately, so that changes of the machine's speed affect all of them equally."""

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

T = TypeVar("T")

Side = Callable[[], Awaitable[T]]


async def alternate(sides: Mapping[str, Side[T]], repetitions: int) -> dict[str, list[T]]:
    """Measure each side once per round, reversing the order with each round: A B, B A, A B.

    Returns:
        For each side the list of its results, one per round.
    """
    outcomes: dict[str, list[T]] = {name: [] for name in sides}
    for number in range(repetitions):
        names = list(sides)
        for name in names if number % 2 == 0 else reversed(names):
            outcomes[name].append(await sides[name]())
    return outcomes
