"""Which links a run lost, and whether it gets any further."""

from splitwave.basestation.links.link_failures import LinkFailures
from tests.unit.basestation.base_station_parts import session_of


def test_restarts_that_get_no_further_lead_nowhere_after_ten_of_them() -> None:
    losses = LinkFailures()
    assert not losses.lead_nowhere((2, 7))
    assert [losses.lead_nowhere((2, 7)) for _ in range(9)] == [False] * 9
    assert not losses.lead_nowhere((2, 8))  # further: it counts afresh
    assert [losses.lead_nowhere((2, 5)) for _ in range(10)] == [False] * 9 + [True]


def test_it_explains_every_link_that_is_missing() -> None:
    losses = LinkFailures()
    ready, silent = session_of(0), session_of(1)
    ready.become_ready()
    losses.add(session_of(2), "its stream ended")
    assert losses.explain(4, {0: ready, 1: silent}) == (
        "link 1 (device device-1) did not get ready; link 2 (device device-2) was lost: its stream ended; "
        "link 3 has no device"
    )
