"""Lost links of a run, and the limit of restarts without progress."""

from splitwave.basestation.links.link_failures import LinkFailures
from tests.unit.basestation.base_station_parts import session_of


def test_a_run_is_stuck_after_ten_losses_without_progress() -> None:
    losses = LinkFailures()
    assert not losses.is_stuck_after((2, 7))
    assert [losses.is_stuck_after((2, 7)) for _ in range(9)] == [False] * 9
    assert not losses.is_stuck_after((2, 8))  # progress resets the count
    assert [losses.is_stuck_after((2, 5)) for _ in range(10)] == [False] * 9 + [True]


def test_the_explanation_has_a_reason_for_every_missing_link() -> None:
    losses = LinkFailures()
    ready, silent = session_of(0), session_of(1)
    ready.become_ready()
    losses.add(session_of(2), "its stream ended")
    assert losses.explain(4, {0: ready, 1: silent}) == (
        "link 1 (device device-1) did not get ready; link 2 (device device-2) was lost: its stream ended; "
        "link 3 has no device"
    )
