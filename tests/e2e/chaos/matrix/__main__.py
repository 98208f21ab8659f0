"""Kills each party in each state of the protocol, and compares the weights with those of an undisturbed run.

python -m tests.e2e.chaos.matrix [--state NAME …] [--party NAME …] [--folder DIR]
"""

import argparse
import sys
import tempfile
from functools import partial
from pathlib import Path

from tests.e2e.chaos.matrix.states import STATES
from tests.e2e.chaos.matrix.table import PARTIES, run_matrix, table


def main() -> int:
    """Print the table; 0 if every cell is equal."""
    names = [state.name for state in STATES]
    parser = argparse.ArgumentParser(prog="python -m tests.e2e.chaos.matrix", description=__doc__)
    parser.add_argument("--state", action="append", choices=names, metavar="NAME", help="only this state; repeatable")
    parser.add_argument("--party", action="append", choices=PARTIES, help="only this party; repeatable")
    parser.add_argument("--folder", type=Path, metavar="DIR", help="keep the logs and checkpoints of all cells there")
    options = parser.parse_args()
    states = [state for state in STATES if options.state is None or state.name in options.state]
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        cells = run_matrix(states, options.party or PARTIES, folder, partial(print, flush=True))
    equal = sum(cell.is_ok for cell in cells)
    print(f"\n{table(cells)}\n\nok, attempts/steps replayed; {equal} of {len(cells)} cells equal the undisturbed run")
    return 0 if equal == len(cells) else 1


if __name__ == "__main__":
    sys.exit(main())
