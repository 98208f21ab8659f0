"""The detection of late links, with times that the tests choose."""

import pytest

from splitwave.basestation.links.stragglers import StragglerChange, StragglerDetector


def test_a_link_is_late_if_the_same_message_is_missing_for_too_long() -> None:
    detector = StragglerDetector(5.0)
    assert detector.check(100.0, {0: 7, 1: 3}) == []
    assert detector.check(104.9, {0: 7, 1: 3}) == []
    assert detector.check(105.0, {0: 7, 1: 4}) == [StragglerChange(0, late=True, silent_s=5.0)]
    assert detector.check(106.0, {0: 7, 1: 4}) == []
    assert detector.late == {0}


@pytest.mark.parametrize("debts", [{}, {0: 8}])
def test_a_link_catches_up_when_it_sends_the_message_although_another_is_due(debts: dict[int, int]) -> None:
    detector = StragglerDetector(5.0)
    detector.check(0.0, {0: 7})
    detector.check(6.0, {0: 7})
    assert detector.check(9.0, debts) == [StragglerChange(0, late=False, silent_s=9.0)]
    assert detector.late == set()
