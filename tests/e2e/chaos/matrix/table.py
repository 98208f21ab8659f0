"""Runs the cells of the matrix, and makes its table."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.chaos.matrix.cell import Outcome, run_cell
from tests.e2e.chaos.matrix.states import State

PARTIES = ("device", "channel", "basestation")
_NEVER = State("undisturbed", lambda _message: False)


@dataclass(frozen=True)
class Cell:
    """A cell and its outcome: `verdict` is `ok`, or what went wrong."""

    state: str
    party: str
    verdict: str
    attempts: int = 0
    replayed: int = 0

    @property
    def is_ok(self) -> bool:
        return self.verdict == "ok"

    def __str__(self) -> str:
        return f"ok {self.attempts}/{self.replayed}" if self.is_ok else self.verdict


def run_matrix(
    states: Sequence[State], parties: Sequence[str], folder: Path, show: Callable[[str], None]
) -> list[Cell]:
    """Run the undisturbed run and all cells, each in a folder of its own."""
    expected = asyncio.run(run_cell(_NEVER, "basestation", folder / "undisturbed")).weights_sha256
    show(f"undisturbed: weights_sha256 {expected}")
    cells = []
    for number, state in enumerate(states):
        for party in parties:
            cells.append(_run(state, party, folder / f"{number:02d}-{party}", expected))
            show(f"{state.name}, {party}: {cells[-1]}")
    return cells


def table(cells: Sequence[Cell]) -> str:
    """The cells as a table with one row per state."""
    parties = list(dict.fromkeys(cell.party for cell in cells))
    by_place = {(cell.state, cell.party): str(cell) for cell in cells}
    states = list(dict.fromkeys(cell.state for cell in cells))
    rows = [("killed before this message is forwarded", *parties)]
    rows += [(state, *(by_place[state, party] for party in parties)) for state in states]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)) for row in rows)


def _run(state: State, party: str, folder: Path, expected: str) -> Cell:
    name = f"device-{state.link}" if party == "device" else party
    try:
        outcome = asyncio.run(run_cell(state, name, folder))
    except (TimeoutError, ValueError) as error:
        return Cell(state.name, party, f"{type(error).__name__}: {error}")
    return Cell(state.name, party, _verdict(outcome, expected), outcome.attempts, outcome.replayed)


def _verdict(outcome: Outcome, expected: str) -> str:
    if not outcome.killed:
        return "nobody was killed"
    return "ok" if outcome.weights_sha256 == expected else f"other weights: {outcome.weights_sha256[:12]}…"
