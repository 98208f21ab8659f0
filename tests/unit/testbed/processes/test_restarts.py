"""Decisions about processes that ended: start them again, or not."""

import signal

import pytest

from splitwave.common.exit_codes import ExitCode
from splitwave.testbed.processes.restarts import PEER_LOSS_CODES, Restarts

ROLES = ("basestation", "channel", "device-0", "device-1")


@pytest.fixture
def restarts() -> Restarts:
    """All processes are running, and may be started again twice."""
    running = Restarts(2)
    for role in ROLES:
        running.note_start(role)
    return running


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT])
def test_a_process_that_was_killed_is_repairable(restarts: Restarts, number: signal.Signals) -> None:
    restarts.note_end("channel", -number)
    assert restarts.is_repairable("channel", -number)


@pytest.mark.parametrize("code", [code for code in ExitCode if code is not ExitCode.OK])
def test_a_process_that_ended_with_an_error_is_repairable_only_if_it_lost_a_peer_that_was_killed(
    restarts: Restarts, code: ExitCode
) -> None:
    restarts.note_end("device-0", code)
    assert not restarts.is_repairable("device-0", code)

    restarts.note_end("basestation", -signal.SIGKILL)
    assert restarts.is_repairable("device-0", code) == (code in PEER_LOSS_CODES)
    assert {ExitCode.RUN_FAILED, ExitCode.UNREACHABLE} == PEER_LOSS_CODES


def test_a_death_before_a_process_began_does_not_explain_its_end(restarts: Restarts) -> None:
    restarts.note_end("channel", -signal.SIGKILL)
    restarts.note_start("channel")
    assert restarts.lost_peer("device-0")
    assert not restarts.lost_peer("channel")

    restarts.note_start("device-0")
    assert not restarts.lost_peer("device-0")
    assert restarts.lost_peer("device-1")


def test_each_process_has_its_own_number_of_restarts(restarts: Restarts) -> None:
    assert [restarts.take("device-1") for _ in range(3)] == [True, True, False]
    assert restarts.take("device-0")
    assert restarts.counts == {"device-1": 2, "device-0": 1}


def test_without_restarts_none_is_taken() -> None:
    restarts = Restarts(0)
    assert not restarts.take("channel")
    assert restarts.counts.get("channel", 0) == 0
