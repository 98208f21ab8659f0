"""Measures one pass over evaluation data at the device: its cost on the uplink, and its times."""

from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.messages import Evaluate
from splitwave.common.protocol.phases import Phase
from splitwave.common.protocol.reports import PassReport, SymbolEntropy, UplinkCost
from splitwave.device.measurement.events import BlockObserver
from splitwave.device.measurement.hop_times import HopTimes
from splitwave.device.measurement.pass_timing import PassTiming
from splitwave.device.measurement.query_stamps import QueryStamps


class PassMeter(BlockObserver):
    """Adds up the cost of a pass's blocks, and reports it together with their times."""

    def __init__(self, command: Evaluate) -> None:
        """Begin to measure the pass that a command asks for."""
        self._command = command
        self._timing = _timing_of(command)
        self._cost = UplinkCost()

    @property
    def observers(self) -> tuple[BlockObserver, ...]:
        """The observers that need the events of the pass."""
        return self, self._timing

    def packed(self, key: BlockKey, cost: UplinkCost, at_ns: int) -> None:  # noqa: ARG002
        self._cost += cost

    def report(self, entropies: tuple[SymbolEntropy, ...]) -> PassReport:
        """The report of a pass whose blocks are all answered; `entropies` of the symbols that it served with."""
        hops, times_ns = self._timing.table()
        return PassReport(
            phase=self._command.phase,
            symbols=self._command.symbols,
            cost=self._cost,
            hops=hops,
            hop_times_ns=times_ns,
            entropies=entropies,
        )


def _timing_of(command: Evaluate) -> PassTiming:
    """Serving passes time hops, load passes stamp the queries of their workload, and other passes time nothing."""
    if command.phase is Phase.SERVE:
        return HopTimes()
    return PassTiming() if command.workload is None else QueryStamps(command.workload.queries)
