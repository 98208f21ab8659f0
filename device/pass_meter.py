"""Measures one pass over evaluation data at the device: what it costs on the uplink, and where its time goes."""

import numpy as np

from common.messages import PassReport, Phase, Prediction, SymbolEntropy, Symbols, UplinkCost
from common.results import ENCODE_HOP

DEVICE_LINK_HOP = "device link"
"""What remains between sending and prediction: transport to the next party and back, and this process's own part."""


class PassMeter:
    """Counts every block; times the blocks of a serving pass, of which one is under way at a time."""

    def __init__(self, phase: Phase, symbols: Symbols) -> None:
        self._phase = phase
        self.symbols = symbols
        self._cost = UplinkCost()
        self._encode_ns = 0
        self._sent_at_ns = 0
        self._hops: tuple[str, ...] = ()
        self._rows: list[list[int]] = []

    def encoded(self, duration_ns: int) -> None:
        """The next block took this long to encode."""
        self._encode_ns = duration_ns

    def sent(self, cost: UplinkCost, now_ns: int) -> None:
        """The block is on its way."""
        self._cost += cost
        self._sent_at_ns = now_ns

    def answered(self, prediction: Prediction, now_ns: int) -> None:
        """The block's prediction is here; the other parties' hops come with it, each on its own clock."""
        if self._phase is not Phase.SERVE:
            return
        elsewhere = [hop.duration_ns for hop in prediction.hops]
        own_link = now_ns - self._sent_at_ns - sum(elsewhere)
        self._hops = (ENCODE_HOP, DEVICE_LINK_HOP, *(hop.name for hop in prediction.hops))
        self._rows.append([self._encode_ns, own_link, *elsewhere])

    def report(self, entropies: tuple[SymbolEntropy, ...] = ()) -> PassReport:
        """What the pass came to; `entropies` of what it sent, where networks are told β."""
        return PassReport(
            phase=self._phase,
            symbols=self.symbols,
            cost=self._cost,
            hops=self._hops,
            hop_times_ns=np.array(self._rows, dtype=np.int64).reshape(len(self._rows), len(self._hops)),
            entropies=entropies,
        )
