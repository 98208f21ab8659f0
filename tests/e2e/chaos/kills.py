"""The kills of a training, drawn from a seed: which parties, and after how many steps of progress."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

MOST_STEPS = 50
"""Most steps from a recovery to the next kill: as many as from one checkpoint to the next, and as many again."""
SEVERAL = 0.15
"""Probability that a kill is of several parties at once."""


@dataclass(frozen=True)
class Kill:
    """Parties that are killed at the same time, `steps` steps after training has recovered from the last kill."""

    parties: tuple[str, ...]
    steps: int


def draw_kills(seed: int, signals: int, parties: Sequence[str]) -> list[Kill]:
    """Draw kills that send so many SIGKILLs in total."""
    random = Random(seed)
    kills: list[Kill] = []
    left = signals
    while left:
        several = left > 1 and random.random() < SEVERAL
        count = random.randint(2, min(left, len(parties))) if several else 1
        kills.append(Kill(tuple(random.sample(list(parties), count)), random.randint(1, MOST_STEPS)))
        left -= count
    return kills


def epochs_for(kills: Sequence[Kill], steps_per_epoch: int, spare: int) -> int:
    """Epochs that are long enough for these kills, with `spare` steps for each in which it is noticed and recovered."""
    return math.ceil((sum(kill.steps for kill in kills) + spare * (1 + len(kills))) / steps_per_epoch)
