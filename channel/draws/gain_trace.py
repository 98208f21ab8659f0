"""The gain of a link over time, from a file: a plain trace, or the channel taps of a Colosseum-style scenario."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from splitwave.channel.draws.link_tables import MOST_KEPT, FileState, file_state, rows_of, table_of
from splitwave.channel.draws.scenario_taps import TAP_COLUMNS, tap_gains
from splitwave.common.errors import DataError
from splitwave.common.files.number_table import NumberTable


@dataclass(frozen=True, slots=True)
class GainTrace:
    """A gain that holds until the next one; the first also before its time, and the last for ever.

    Attributes:
        times_s: (N,) float64, increasing.
        gains: (N,) float32 amplitudes, ≥ 0.
        has_psnr: whether they make the PSNR that the file says, whatever the settings' is.
    """

    times_s: NDArray[np.float64]
    gains: NDArray[np.float32]
    has_psnr: bool = False

    def at(self, times_s: NDArray[np.float64]) -> NDArray[np.float32]:
        """(B,) float32 gains at (B,) times that do not decrease.

        A block meets few of the trace's gains, so that only these are searched for its samples.
        """
        low, high = np.searchsorted(self.times_s, times_s[[0, -1]], side="right").tolist()
        place = low + np.searchsorted(self.times_s[low:high], times_s, side="right") - 1
        gains: NDArray[np.float32] = self.gains[np.maximum(place, 0)]
        return gains


def read_gain_trace(path: Path, link: int, psnr_db: float, receiver: int | None, symbol_rate_baud: float) -> GainTrace:
    """The trace of one link.

    A plain trace has the columns `time_s`, `gain_db` or `psnr_db` or both, and `link` if it has several. Its gain is
    gain_db in amplitude, 10^(gain_db/20). `psnr_db` is the PSNR that the link has then, behind noise of the variance
    that `channel.psnr_db` says: the gain is 10^((gain_db + psnr_db − channel.psnr_db)/20).

    A scenario has the columns of `scenario_taps`.

    Args:
        path: of a CSV or Parquet file.
        link: its number in the file; the number of the transmitting node in a scenario.
        psnr_db: `channel.psnr_db` of the link.
        receiver: the receiving node of a scenario; None where it has only one.
        symbol_rate_baud: symbols a second, which a scenario's channel must be flat for.

    Raises:
        DataError: the file cannot be read, or something in it is wrong.
        ConfigError: it is neither CSV nor Parquet, or pyarrow is missing.
    """
    return _gain_trace(path, file_state(path), link, psnr_db, receiver=receiver, symbol_rate_baud=symbol_rate_baud)


@lru_cache(maxsize=MOST_KEPT)
def _gain_trace(
    path: Path, state: FileState, link: int, psnr_db: float, *, receiver: int | None, symbol_rate_baud: float
) -> GainTrace:
    """The trace as the file was when it last changed; the states of a live link make their models anew."""
    table = table_of(path, state)
    if "tx" in table.columns:
        times_s, gains = tap_gains(table, link, receiver, symbol_rate_baud)
        return GainTrace(times_s, gains.astype(np.float32))
    if receiver is not None:
        raise DataError(f"{path}: receiver = {receiver}, but it is no scenario, whose columns are {TAP_COLUMNS}")
    return _plain_trace(table, link, psnr_db)


def _plain_trace(table: NumberTable, link: int, psnr_db: float) -> GainTrace:
    table.check_columns(["time_s"], ["link", "gain_db", "psnr_db"])
    if not {"gain_db", "psnr_db"} & set(table.columns):
        raise DataError(f"{table.path}: expected a column gain_db or psnr_db; its columns: {', '.join(table.columns)}")
    if "link" in table.columns:
        table = rows_of(table, "link", link)
    backwards = np.diff(table.columns["time_s"], prepend=-np.inf) <= 0
    table.refuse_first(backwards, "time_s", "a time after that of the row before of its link")
    for column in ("gain_db", "psnr_db"):
        if column in table.columns:
            table.refuse_first(np.abs(table.columns[column]) > 300, column, "−300 to 300 decibels")
    gains_db = np.zeros(len(table.lines))
    if "gain_db" in table.columns:
        gains_db = gains_db + table.columns["gain_db"]
    if "psnr_db" in table.columns:
        gains_db = gains_db + table.columns["psnr_db"] - psnr_db
    gains = (10 ** (gains_db / 20)).astype(np.float32)
    return GainTrace(table.columns["time_s"], gains, "psnr_db" in table.columns)
