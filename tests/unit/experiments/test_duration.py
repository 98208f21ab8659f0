"""Durations formatted for people."""

import pytest

from splitwave.experiments.duration import duration


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.0, "under 1 s"),
        (0.4, "under 1 s"),
        (0.6, "1 s"),
        (36.0, "36 s"),  # not 0.01 h
        (99.4, "99 s"),
        (99.6, "1.7 min"),
        (720.0, "12 min"),
        (99.4 * 60, "99 min"),
        (9000.0, "2.5 h"),
        (40 * 3600.0, "40 h"),
        (84 * 3600.0, "3.5 days"),
    ],
)
def test_a_duration_is_formatted_in_a_suitable_unit(seconds: float, words: str) -> None:
    assert duration(seconds) == words
