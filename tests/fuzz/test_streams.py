"""Damaged streams end with a status and a reason, and an honest run after them trains to the right weights."""

import logging
from pathlib import Path

import pytest

from tests.fuzz.outcome import Outcome
from tests.fuzz.runs import join_runs
from tests.fuzz.streams import live, run_streams


def test_a_damaged_stream_within_a_run_ends_with_a_status_and_a_reason(caplog: pytest.LogCaptureFixture) -> None:
    outcome = Outcome()
    join_runs(16, 1, outcome)
    assert outcome.faults == []
    assert outcome.statuses.total() == 16
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == []


@pytest.mark.e2e
def test_servers_survive_damaged_streams_and_then_train_an_honest_run(tmp_path: Path) -> None:
    with live(tmp_path) as servers:
        outcome = run_streams(servers, 150, seed=1)
    assert outcome.faults == []
    assert outcome.statuses.total() == 150
