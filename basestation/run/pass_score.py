"""Holds the answers of a pass to the labels."""

import hashlib
from collections.abc import Mapping

from splitwave.basestation.fusion.block_collector import Arrival, Command
from splitwave.basestation.learning.objective import Objective
from splitwave.basestation.run.decoding import Decoded, PredictedBlock
from splitwave.basestation.run.events import RunObserver
from splitwave.basestation.run.pass_outcome import PassOutcome
from splitwave.basestation.run.served_queries import QueryCounts
from splitwave.common.protocol.phases import Phase
from splitwave.common.protocol.reports import PassReport
from splitwave.common.tasks.task import Targets


class _Score:
    def __init__(self) -> None:
        self.errors = 0.0
        self.samples = 0
        self.counts = QueryCounts()
        self.answers_digest = hashlib.sha256()


class PassScore(RunObserver):
    """Errors, counts and digest of the answers of one pass at a time."""

    def __init__(self, objective: Objective, labels: Mapping[Phase, Targets]) -> None:
        """Args: how errors are measured, and the labels of each phase's split."""
        self._objective = objective
        self._labels = labels
        self._score = _Score()

    def block_answered(self, arrival: Arrival, decoded: Decoded) -> None:
        """Count a block's errors, once its answers have left."""
        if not isinstance(decoded, PredictedBlock):
            return
        block, ids, score = arrival.block, arrival.sample_ids, self._score
        errors = self._objective.errors(decoded.answers, self._labels[block.key.phase][ids])
        score.errors += errors
        score.samples += len(ids)
        if block.key.phase is Phase.SERVE:
            score.counts.add_block(block, ids, errors)
        score.answers_digest.update(decoded.answers.tobytes())

    def outcome(self, command: Command, reports: Mapping[int, PassReport]) -> PassOutcome:
        """The outcome of a pass whose links have reported, after which the next pass is counted."""
        score, self._score = self._score, _Score()
        error = score.errors / score.samples  # fewer than the pass has, where devices may drop queries
        return PassOutcome(command, error, reports, score.counts, score.answers_digest.hexdigest())
