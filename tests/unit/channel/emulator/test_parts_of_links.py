import itertools

import numpy as np
import pytest

from splitwave.channel.emulator.parts_of_links import PartsOfLinks
from splitwave.common.errors import ProtocolError
from splitwave.common.protocol.arrays import Float32
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.phases import Phase

KEY, NEXT = BlockKey(Phase.TEST, 0, 0), BlockKey(Phase.TEST, 0, 1)


def values(link: int, samples: int = 2) -> Float32:
    return np.full((1, samples, 3), link, dtype=np.float32)


def nothing() -> None:
    pass


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_the_parts_of_all_links_are_in_the_order_of_the_links_however_they_come(order: tuple[int, ...]) -> None:
    medium, notified = PartsOfLinks(3), list[int]()
    for count, link in enumerate(order, start=1):
        assert notified == []
        parts = medium.add(KEY, link, values(link), lambda link=link: notified.append(link))  # type: ignore[misc]
        assert parts.is_complete() == (count == 3)
    assert notified == list(order)
    np.testing.assert_array_equal([part[0, 0, 0] for part in parts.in_order], [0, 1, 2])


def test_blocks_wait_for_their_own_parts() -> None:
    medium = PartsOfLinks(2)
    first, second = (medium.add(key, 0, values(0), nothing) for key in (KEY, NEXT))
    medium.add(NEXT, 1, values(1), nothing)
    assert (first.is_complete(), second.is_complete()) == (False, True)


def test_a_link_whose_run_starts_over_sends_its_parts_again() -> None:
    medium = PartsOfLinks(2)
    medium.add(KEY, 0, values(7), nothing)
    medium.add(NEXT, 1, values(1), nothing)
    medium.forget(0)
    parts = medium.add(KEY, 0, values(0), nothing)
    assert medium.add(KEY, 1, values(1), nothing).is_complete()
    assert [part[0, 0, 0] for part in parts.in_order] == [0, 1]
    assert medium.add(NEXT, 0, values(0), nothing).is_complete()


def test_a_second_part_of_a_link_and_parts_of_another_size_are_refused() -> None:
    medium = PartsOfLinks(2)
    medium.add(KEY, 0, values(0), nothing)
    with pytest.raises(ProtocolError, match="came a second time over link 0"):
        medium.add(KEY, 0, values(0), nothing)
    with pytest.raises(ProtocolError, match="has 5 × 3 symbols on link 1, and 2 × 3 on link 0"):
        medium.add(KEY, 1, values(1, samples=5), nothing)
