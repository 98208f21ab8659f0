import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from splitwave.common.randomness import Purpose, generator

PINNED = [-0.06460748725933724, -0.693618091562649, 0.48488563353227854]
COORDINATES = ("link", "phase", "step", "micro_batch", "draw")


def test_equal_coordinates_give_equal_numbers_and_the_values_are_pinned() -> None:
    """The values are part of the reproducibility contract: published results depend on them."""
    draws = generator(7, Purpose.CHANNEL_NOISE, link=1, phase=1, step=3, micro_batch=2, draw=1).standard_normal(3)
    again = generator(7, Purpose.CHANNEL_NOISE, link=1, phase=1, step=3, micro_batch=2, draw=1).standard_normal(3)
    np.testing.assert_array_equal(draws, again)
    np.testing.assert_allclose(draws, PINNED, rtol=1e-12)


def test_purposes_keep_their_numbers() -> None:
    assert {purpose.name: purpose.value for purpose in Purpose} == {
        "INITIALISATION": 1,
        "ENCODER_NOISE": 2,
        "CHANNEL_NOISE": 3,
        "FADING": 4,
        "BATCH_ORDER": 5,
        "LINK_DROPOUT": 6,
        "TRAINING_PSNR": 7,
        "TRAINING_BETA": 8,
        "SIMULATED_DATA": 9,
        "ARRIVALS": 10,
        "QUERY_ORDER": 11,
        "SHADOWING": 12,
        "ERASURES": 13,
        "PHASE_NOISE": 14,
        "OWN_NETWORK": 15,
        "VIEW_CROP": 16,
        "VIEW_NOISE": 17,
        "PILOT_NOISE": 18,
        "JITTER": 19,
        "DOWNLINK_NOISE": 20,
        "MIXTURE": 21,
    }


def test_the_generator_is_philox_with_the_documented_key_and_counter() -> None:
    ours = generator(7, Purpose.CHANNEL_NOISE, link=1, phase=2, step=3, micro_batch=4, draw=5)
    key = np.array([7, (Purpose.CHANNEL_NOISE << 32) + 1], dtype=np.uint64)
    counter = np.array([0, 5, (2 << 32) + 4, 3], dtype=np.uint64)
    theirs = np.random.Generator(np.random.Philox(key=key, counter=counter))
    np.testing.assert_array_equal(ours.standard_normal(100), theirs.standard_normal(100))


@pytest.mark.parametrize("coordinate", COORDINATES)
def test_every_coordinate_changes_the_numbers(coordinate: str) -> None:
    base = generator(0, Purpose.FADING).integers(0, 2**63, 8)
    other = generator(0, Purpose.FADING, **{coordinate: 1}).integers(0, 2**63, 8)
    assert not np.intersect1d(base, other).size


def test_seed_and_purpose_change_the_numbers() -> None:
    streams = [generator(seed, purpose).integers(0, 2**63, 8) for seed in (0, 1) for purpose in Purpose]
    assert len(np.unique(np.concatenate(streams))) == 8 * len(streams)


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**32 - 1), st.integers(0, 2**64 - 1))
def test_the_whole_range_of_each_coordinate_is_accepted(seed: int, link: int, step: int) -> None:
    assert 0.0 <= generator(seed, Purpose.ENCODER_NOISE, link=link, step=step).random() < 1.0


@pytest.mark.parametrize(("name", "value"), [("link", -1), ("link", 2**32), ("step", 2**64), ("draw", -1)])
def test_a_coordinate_that_does_not_fit_is_named(name: str, value: int) -> None:
    with pytest.raises(ValueError, match=f"{name} = {value} does not fit"):
        generator(0, Purpose.FADING, **{name: value})
