"""Trainings that stop after random steps go on to the weights of undisturbed ones: `python -m tests.e2e.resumed`."""

import random

import pytest

from splitwave.common.config.run_config import RunConfig
from tests.e2e.resumed import cases, compare

RANDOM_STEPS = 2


@pytest.mark.e2e
@pytest.mark.parametrize(("name", "config"), cases().items(), ids=cases())
def test_a_training_that_stops_at_a_random_step_goes_on_to_the_bit_and_needs_its_optimisers(
    name: str, config: RunConfig
) -> None:
    rows = list(compare(name, config, RANDOM_STEPS, random.Random(name)))
    assert len(rows) == RANDOM_STEPS + 3
    assert [str(row) for row in rows if not row.passed] == []
