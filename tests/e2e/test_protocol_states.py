"""A party that is killed in any state of the protocol costs steps, and changes nothing of the result.

All cells: `python -m tests.e2e.chaos.matrix`; here are the states in which most depends on the order of what is saved.
"""

from pathlib import Path

import pytest

from tests.e2e.chaos.matrix.states import STATES
from tests.e2e.chaos.matrix.table import PARTIES, run_matrix, table

SUBSET = (
    "Welcome",
    "training block",
    "second Welcome",
    "first part saved, not asked for the second",
    "manifest published, before next step",
    "final PartSaved",
    "Finish",
)


@pytest.mark.e2e
def test_every_party_recovers_in_these_states_to_the_bit(tmp_path: Path) -> None:
    states = [state for state in STATES if state.name in SUBSET]
    assert len(states) == len(SUBSET)

    cells = run_matrix(states, PARTIES, tmp_path, print)

    assert [str(cell) for cell in cells if not cell.is_ok] == [], table(cells)
