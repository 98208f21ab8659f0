import numpy as np
import pytest

from splitwave.channel.draws.fading_gain import line_of_sight
from splitwave.channel.draws.keyed_numbers import CHUNK, KeyedNumbers
from splitwave.common.protocol.phases import Phase
from splitwave.common.protocol.sample_positions import SamplePositions
from splitwave.common.randomness import Purpose

NUMBERS = KeyedNumbers(5, Purpose.FADING, 1, model=2)


def at(first: int, samples: int, process: int = 0, phase: Phase = Phase.TEST) -> SamplePositions:
    return SamplePositions(phase, process, first, samples)


@pytest.mark.parametrize("coherence", [1, 3, 7, 1000])
@pytest.mark.parametrize("first", [0, 5, CHUNK * 7 - 2, (1 << 62) + 1])
def test_a_group_has_the_same_numbers_in_any_block(coherence: int, first: int) -> None:
    whole = NUMBERS.normals(at(first, 3 * CHUNK), coherence, 2, 2)
    for start, samples in ((0, 1), (1, 2), (CHUNK - 1, 2), (CHUNK, CHUNK), (100, 92)):
        part = NUMBERS.normals(at(first + start, samples), coherence, 2, 2)
        np.testing.assert_array_equal(part, whole[:, start : start + samples])


def test_samples_change_their_numbers_where_a_group_begins() -> None:
    values = NUMBERS.normals(at(10, 9), 4, 1, 1)[0, :, 0]  # groups begin at 12 and 16
    assert values.tolist() == [values[0]] * 2 + [values[2]] * 4 + [values[6]] * 3
    assert len(set(values.tolist())) == 3


def test_a_draw_does_not_depend_on_the_number_of_draws() -> None:
    np.testing.assert_array_equal(NUMBERS.normals(at(3, 9), 1, 3, 2)[:1], NUMBERS.normals(at(3, 9), 1, 1, 2))


def test_every_coordinate_gives_other_numbers() -> None:
    values = NUMBERS.normals(at(0, 9), 1, 2, 2)
    others = [
        NUMBERS.normals(at(CHUNK, 9), 1, 2, 2),
        NUMBERS.normals(at(0, 9, process=1), 1, 2, 2),
        NUMBERS.normals(at(0, 9, phase=Phase.SERVE), 1, 2, 2),
        KeyedNumbers(6, Purpose.FADING, 1, 2).normals(at(0, 9), 1, 2, 2),
        KeyedNumbers(5, Purpose.SHADOWING, 1, 2).normals(at(0, 9), 1, 2, 2),
        KeyedNumbers(5, Purpose.FADING, 0, 2).normals(at(0, 9), 1, 2, 2),
        KeyedNumbers(5, Purpose.FADING, 1, 1).normals(at(0, 9), 1, 2, 2),
    ]
    assert all(np.intersect1d(values, other).size == 0 for other in others)
    assert len(np.unique(values)) == values.size


def test_a_block_without_samples_has_no_numbers() -> None:
    assert NUMBERS.normals(at(3, 0), 4, 2, 1).shape == (2, 0, 1)


def test_the_line_of_sight_and_the_scattered_paths_have_a_power_of_1() -> None:
    assert line_of_sight(None) == (0.0, 0.5**0.5)
    for k_db in (-20.0, 0.0, 6.0):
        direct, scattered = line_of_sight(k_db)
        assert direct**2 + 2 * scattered**2 == pytest.approx(1)
        assert 10 * np.log10(direct**2 / (2 * scattered**2)) == pytest.approx(k_db)
