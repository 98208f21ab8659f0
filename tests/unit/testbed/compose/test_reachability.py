"""How long a base station that does not answer is waited for."""

from dataclasses import replace

import pytest

from splitwave.common.errors import RunFailedError, UnreachableError
from splitwave.testbed.compose.containers import Part
from splitwave.testbed.compose.reachability import MOST_RESTARTS, START_LIMIT_S, Patience

RUNNING = Part("basestation", 1, "0c", "running", "starting", 0, 0, "2026-01-01T00:00:00Z", ("testbed",), {})
RESTARTING = replace(RUNNING, status="restarting", exit_code=137)
FAILURE = "no base station answered at 127.0.0.1:32792: Socket closed"


def test_a_container_that_runs_must_answer_in_time() -> None:
    patience = Patience(0.0)
    patience.check(RUNNING, 1.0, FAILURE)
    patience.check(RUNNING, START_LIMIT_S, FAILURE)

    with pytest.raises(UnreachableError) as error:
        patience.check(RUNNING, START_LIMIT_S + 1, FAILURE)

    assert str(error.value) == f"{FAILURE} (tried for 300 s)"


def test_the_time_until_a_restart_does_not_count() -> None:
    patience = Patience(0.0)
    patience.check(RUNNING, 0.0, FAILURE)
    patience.check(RESTARTING, START_LIMIT_S - 1, FAILURE)
    patience.check(RESTARTING, 2 * START_LIMIT_S, FAILURE)
    patience.check(RUNNING, 3 * START_LIMIT_S - 1, FAILURE)

    with pytest.raises(UnreachableError):
        patience.check(RUNNING, 3 * START_LIMIT_S, FAILURE)


def test_each_start_has_the_whole_time() -> None:
    patience = Patience(0.0)
    for start in range(MOST_RESTARTS):
        part = replace(RUNNING, restarts=start, started_at=f"2026-01-01T00:{start:02}:00Z")
        patience.check(part, start * START_LIMIT_S, FAILURE)
        patience.check(part, (start + 1) * START_LIMIT_S - 1, FAILURE)


def test_a_container_that_crashes_again_and_again_is_given_up() -> None:
    patience = Patience(0.0)
    patience.check(replace(RUNNING, restarts=4), 0.0, FAILURE)
    patience.check(replace(RUNNING, restarts=4 + MOST_RESTARTS - 1), 1.0, FAILURE)

    with pytest.raises(RunFailedError, match="basestation-1 crashes again and again: Docker restarted it 10 times"):
        patience.check(replace(RESTARTING, restarts=4 + MOST_RESTARTS), 2.0, FAILURE)


def test_a_project_without_a_base_station_is_not_waited_for_without_end() -> None:
    patience = Patience(0.0)
    patience.check(None, START_LIMIT_S - 1, FAILURE)

    with pytest.raises(UnreachableError):
        patience.check(None, START_LIMIT_S, FAILURE)
