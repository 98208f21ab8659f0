"""Scenarios as the Colosseum emulator has them: the taps of the impulse response from node to node, over time.

Colosseum's limits: at most four taps a pair of nodes, delays of at most 5.12 µs, gains that hold for a millisecond or a
multiple of it  [Colosseum, Scenario File Format]. Its own files are MATLAB's; the guide on traces has the conversion.
"""

import numpy as np
from numpy.typing import NDArray

from splitwave.common.errors import DataError
from splitwave.common.files.number_table import NumberTable

COLUMNS = ("time_s", "tx", "rx", "delay_s", "re", "im")
TAP_COLUMNS = ", ".join(COLUMNS)
_TAPS = 4
_LONGEST_DELAY_S = 5.12e-6
_FLAT = 0.1
"""The longest delay, in symbols, for which a channel counts as flat."""


def tap_gains(
    table: NumberTable, transmitter: int, receiver: int | None, symbol_rate_baud: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(N,) times and (N,) amplitudes of the narrow-band channel between two nodes: |Σ taps|.

    A symbol of 9,600 baud lasts 104 µs, so that the taps' delays fall within one symbol, and their sum is its gain.

    Args:
        table: with one row a tap, in the columns `COLUMNS`, in the order of time.
        transmitter: its node number, `tx`.
        receiver: its node number, `rx`; None where there is only one.
        symbol_rate_baud: symbols a second.

    Raises:
        DataError: a column is missing, a pair has no rows, time goes back, or a tap is out of Colosseum's range.
    """
    table.check_columns(COLUMNS, ["tap"])
    table = _rows_of_pair(table, transmitter, receiver)
    delays = table.columns["delay_s"]
    table.refuse_first((delays < 0) | (delays > _LONGEST_DELAY_S), "delay_s", f"0 to {_LONGEST_DELAY_S:g} s")
    table.refuse_first(
        delays * symbol_rate_baud > _FLAT,
        "delay_s",
        f"at most {_FLAT:g} symbols at channel.baud = {symbol_rate_baud:g}: the radio's channels are flat",
    )
    times = table.columns["time_s"]
    table.refuse_first(np.diff(times, prepend=times[0]) < 0, "time_s", "no time before that of the row before")
    distinct, first, taps = np.unique(times, return_index=True, return_counts=True)
    if (taps > _TAPS).any():
        table.refuse(
            int(first[np.argmax(taps > _TAPS)]), "time_s", f"at most {_TAPS} taps of a pair of nodes at a time"
        )
    impulse = table.columns["re"] + 1j * table.columns["im"]
    return distinct, np.abs(np.add.reduceat(impulse, first))


def _rows_of_pair(table: NumberTable, transmitter: int, receiver: int | None) -> NumberTable:
    tx, rx = table.columns["tx"], table.columns["rx"]
    from_here = tx == transmitter
    receivers = np.unique(rx[from_here])
    if receiver is None and len(receivers) > 1:
        found = ", ".join(f"{node:g}" for node in receivers)
        raise DataError(f"{table.path}: tx = {transmitter} has several receivers, rx = {found}: name one, receiver: …")
    chosen = from_here if receiver is None else from_here & (rx == receiver)
    if not chosen.any():
        pairs = sorted(set(zip(tx.tolist(), rx.tolist(), strict=True)))[:20]
        found = ", ".join(f"{a:g} → {b:g}" for a, b in pairs)
        asked = f"{transmitter} → {'any' if receiver is None else receiver}"
        raise DataError(f"{table.path}: it has no row of tx → rx = {asked}; it has {found}")
    return table.rows(chosen)
