"""The waits of a device between attempts to connect."""

import random

import numpy as np
import torch

from splitwave.device.uplink.backoff import FIRST_BACKOFF_S, LONGEST_BACKOFF_S, Backoff


def states() -> tuple[object, ...]:
    return random.getstate(), str(np.random.get_state()), torch.get_rng_state().tolist()


def longest(low: float, high: float) -> float:
    assert low == 0.0
    return high


def test_the_bound_of_the_waits_doubles_up_to_a_limit_and_begins_again() -> None:
    backoff = Backoff(longest)
    assert [backoff.next_s() for _ in range(7)] == [0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 2.0]
    backoff.reset()
    assert backoff.next_s() == FIRST_BACKOFF_S


def test_waits_are_spread_over_all_of_the_interval() -> None:
    waits = []
    for _ in range(400):
        backoff = Backoff()
        waits.append([backoff.next_s() for _ in range(6)][-1])
    assert all(0.0 <= wait <= LONGEST_BACKOFF_S for wait in waits)
    # σ of the mean of 400 uniform draws from [0, 2] is 0.029; each quarter holds 100 ± 8.7 of them.
    assert abs(sum(waits) / 400 - 1.0) < 6 * 0.029
    quarters = np.histogram(waits, bins=4, range=(0.0, LONGEST_BACKOFF_S))[0]
    assert all(abs(count - 100) < 6 * 8.7 for count in quarters)


def test_waits_leave_every_random_generator_as_it_is() -> None:
    before = states()
    Backoff().next_s()
    assert states() == before
