"""Which links are late. Times are the test's."""

import pytest

from splitwave.basestation.links.stragglers import StragglerChange, StragglerDetector


def test_a_link_is_late_once_it_owes_the_same_thing_for_too_long() -> None:
    lateness = StragglerDetector(5.0)
    assert lateness.check(100.0, {0: 7, 1: 3}) == []
    assert lateness.check(104.9, {0: 7, 1: 3}) == []
    assert lateness.check(105.0, {0: 7, 1: 4}) == [StragglerChange(0, late=True, silent_s=5.0)]
    assert lateness.check(106.0, {0: 7, 1: 4}) == []
    assert lateness.late == {0}


@pytest.mark.parametrize("debts", [{}, {0: 8}])
def test_it_catches_up_when_it_pays_even_if_it_owes_something_new(debts: dict[int, int]) -> None:
    lateness = StragglerDetector(5.0)
    lateness.check(0.0, {0: 7})
    lateness.check(6.0, {0: 7})
    assert lateness.check(9.0, debts) == [StragglerChange(0, late=False, silent_s=9.0)]
    assert lateness.late == set()
