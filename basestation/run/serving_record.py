"""Records what serving answered, over all passes of a run."""

from splitwave.basestation.run.events import RunObserver
from splitwave.basestation.run.pass_outcome import PassOutcome
from splitwave.basestation.run.served_queries import ServingCounts
from splitwave.common.protocol.phases import Phase


class ServingRecord(RunObserver):
    """Counts the queries of finished serving passes, however often the run started over.

    Attributes:
        counts: of all passes.
        queries: how many were answered; 0 before the first pass is over.
    """

    def __init__(self) -> None:
        """Nothing was served yet."""
        self.counts = ServingCounts()
        self.queries = 0

    def pass_ended(self, outcome: PassOutcome) -> None:
        """Count a serving pass, and keep what its links reported of their symbols."""
        if outcome.command.phase is not Phase.SERVE:
            return
        self.queries += outcome.counts.total.queries
        self.counts.add(outcome.counts)
        for link, report in outcome.reports.items():
            self.counts.report(link, report.entropies)
