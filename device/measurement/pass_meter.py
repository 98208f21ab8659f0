"""Measures one pass over evaluation data at the device: what it costs on the uplink, and where its time goes."""

import numpy as np

from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.messages import Prediction
from splitwave.common.protocol.phases import Phase, Symbols
from splitwave.common.protocol.reports import PassReport, SymbolEntropy, UplinkCost
from splitwave.common.records.results import ENCODE_HOP
from splitwave.device.measurement.query_stamps import QueryStamps

DEVICE_LINK_HOP = "device link"
"""What remains between sending and prediction: transport to the next party and back, and this process's own part."""


class PassMeter:
    """Counts every block; times the blocks of a serving pass, of which one is under way at a time; stamps a load's."""

    def __init__(self, phase: Phase, symbols: Symbols, queries: int = 0) -> None:
        """Args: of the pass, and how many queries are stamped, of a load pass."""
        self._phase = phase
        self.symbols = symbols
        self._cost = UplinkCost()
        self._encode_ns = 0
        self._sent_at_ns = 0
        self._hops: tuple[str, ...] = ()
        self._rows: list[list[int]] = []
        self._queries = queries
        self._stamps = QueryStamps(queries)

    def encoded(self, block: int, *, due_ns: int, started_ns: int, encoded_ns: int, quantized_ns: int) -> None:
        """The next block was due, was begun, was through the network, and was ready to be made a message."""
        self._encode_ns = quantized_ns - started_ns
        if self._phase is Phase.LOAD:
            self._stamps.note(block, due=due_ns, started=started_ns, encoded=encoded_ns)

    def sent(self, block: int, cost: UplinkCost, now_ns: int) -> None:
        """The block is on its way."""
        self._cost += cost
        self._sent_at_ns = now_ns
        if self._phase is Phase.LOAD:
            self._stamps.note(block, packed=now_ns)

    def handed_over(self, key: BlockKey, now_ns: int) -> None:
        """The transport takes the message of a query; in a thread of its own, perhaps."""
        if self._phase is Phase.LOAD and key.phase is Phase.LOAD and key.micro_batch < self._queries:
            self._stamps.note(key.micro_batch, sent=now_ns)

    def answered(self, prediction: Prediction, now_ns: int) -> None:
        """The block's prediction is here; the other parties' hops come with it, each on its own clock."""
        if prediction.stamps is not None:
            self._stamps.answered(prediction.key.micro_batch, prediction.stamps, now_ns)
        if self._phase is not Phase.SERVE:
            return
        elsewhere = [hop.duration_ns for hop in prediction.hops]
        own_link = now_ns - self._sent_at_ns - sum(elsewhere)
        self._hops = (ENCODE_HOP, DEVICE_LINK_HOP, *(hop.name for hop in prediction.hops))
        self._rows.append([self._encode_ns, own_link, *elsewhere])

    def report(self, entropies: tuple[SymbolEntropy, ...] = ()) -> PassReport:
        """What the pass came to; `entropies` of what it sent, where networks are told β."""
        hops, times_ns = self._hops, np.array(self._rows, dtype=np.int64).reshape(len(self._rows), len(self._hops))
        if self._phase is Phase.LOAD:
            hops, times_ns = self._stamps.table()
        return PassReport(
            phase=self._phase,
            symbols=self.symbols,
            cost=self._cost,
            hops=hops,
            hop_times_ns=times_ns,
            entropies=entropies,
        )
