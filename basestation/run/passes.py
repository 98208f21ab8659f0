"""Passes over evaluation data: asks the devices for the blocks, answers each, collects their reports."""

from collections.abc import Callable, Mapping
from functools import partial

from splitwave.basestation.fusion.block_collector import Command
from splitwave.basestation.links.link_barrier import LinkBarrier
from splitwave.basestation.links.link_session import LinkSession, broadcast
from splitwave.basestation.run.block_exchange import BlockExchange
from splitwave.basestation.run.decoding import BlockDecoder
from splitwave.basestation.run.events import RunObserver
from splitwave.basestation.run.pass_outcome import PassOutcome
from splitwave.basestation.run.pass_score import PassScore
from splitwave.common.protocol.messages import Evaluate
from splitwave.common.protocol.phases import Phase, Symbols
from splitwave.common.protocol.plan import RunPlan
from splitwave.common.protocol.reports import PassReport
from splitwave.common.protocol.workload import DIRECT_STAMPS, STAMPS, Workload, dropped_queries


class Passes:
    """Runs passes, one at a time, over the links of a run.

    Attributes:
        reports: the links' reports on the pass.
    """

    def __init__(
        self,
        exchange: BlockExchange,
        decoder: BlockDecoder,
        score: PassScore,
        *,
        sessions: Mapping[int, LinkSession],
        events: RunObserver,
        links: int,
    ) -> None:
        """Set up the passes of a run.

        Args:
            exchange: answers the blocks.
            decoder: makes the answers.
            score: observes the exchange.
            sessions: by link, who is asked.
            events: where the end of a pass is announced.
            links: K.
        """
        self._exchange = exchange
        self._decoder = decoder
        self._score = score
        self._sessions = sessions
        self._events = events
        self.reports: LinkBarrier[PassReport] = LinkBarrier(links)

    async def run(self, plan: RunPlan, phase: Phase, step: int, symbols: Symbols) -> PassOutcome:
        """One pass with the links that are ready, which may be fewer than all while the run serves.

        A load pass carries out the plan's workload.
        """
        command = Command(plan, phase, step)
        ready = {link: session for link, session in self._sessions.items() if session.ready}
        self._exchange.expect(command, ready)
        self.reports.expect(_report_on(command, symbols), ready)
        broadcast(ready, Evaluate(phase, step, symbols, plan.workload))
        await self._exchange.carry_out(command, partial(self._decoder.predict, plan))
        outcome = self._score.outcome(command, await self.reports.all())
        self._events.pass_ended(outcome)
        return outcome

    def lose(self, link: int) -> None:
        """Carry out the rest of the pass without a link."""
        self._exchange.lose(link)
        self.reports.lose(link)


def _report_on(command: Command, symbols: Symbols) -> Callable[[PassReport], bool]:
    """Recognises a device's report on a pass."""
    phase, samples = command.phase, command.plan.pass_samples(command.phase)
    rows = command.blocks if phase.is_of_queries else 0

    def fits(report: PassReport) -> bool:
        return (
            (report.phase, report.symbols) == (phase, symbols)
            and len(report.hop_times_ns) == rows
            and (phase is not Phase.LOAD or report.hops in (STAMPS, DIRECT_STAMPS))
            and report.cost.samples == samples - _dropped_samples(report, command.plan.workload)
        )

    return fits


def _dropped_samples(report: PassReport, workload: Workload | None) -> int:
    """The samples of the queries that a device says it has dropped, where it may."""
    if report.phase is not Phase.LOAD or workload is None or workload.most_waiting is None:
        return 0
    return workload.samples * len(dropped_queries(report.hops, report.hop_times_ns))
