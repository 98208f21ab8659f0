"""The period in which exits of containers are searched."""

import time

import pytest

from splitwave.testbed.compose.container_failures import wall_times_since


def test_a_clock_that_is_set_back_does_not_move_the_beginning_behind_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    begun_s = time.monotonic()
    wall_s = time.time()
    monkeypatch.setattr(time, "time", lambda: wall_s - 3600)

    since, until = wall_times_since(begun_s)

    assert until == wall_s - 3600
    assert since <= until
    assert until - since <= time.monotonic() - begun_s + 1e-6
