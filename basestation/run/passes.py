"""Passes over evaluation data: asks the devices for the blocks, answers each, sums the errors."""

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import numpy as np
import structlog

from splitwave.basestation.fusion.block_collector import Arrival, BlockCollector
from splitwave.basestation.fusion.fusion_buffer import FusedBlock
from splitwave.basestation.learning.objective import Objective
from splitwave.basestation.links.link_barrier import LinkBarrier
from splitwave.basestation.links.link_session import LinkSession
from splitwave.basestation.run.served_queries import Betas, QueryCounts
from splitwave.common.data.dataset import Targets
from splitwave.common.protocol.arrays import Int64
from splitwave.common.protocol.messages import Answered, Evaluate, Prediction
from splitwave.common.protocol.phases import Phase, Symbols
from splitwave.common.protocol.plan import RunPlan
from splitwave.common.protocol.reports import PassReport
from splitwave.common.protocol.timing import Hop, Stamps
from splitwave.common.protocol.workload import DIRECT_STAMPS, STAMPS
from splitwave.common.records.results import FUSE_WAIT_HOP

log = structlog.get_logger()


def merge_hops(reports: Sequence[PassReport]) -> tuple[tuple[str, ...], Int64]:
    """All links' hop times under one row of names; a link without an emulator spent no time in its hops."""
    hops = tuple(dict.fromkeys(hop for report in sorted(reports, key=_most_hops_first) for hop in report.hops))
    rows = np.zeros((sum(len(report.hop_times_ns) for report in reports), len(hops)), dtype=np.int64)
    start = 0
    for report in reports:
        end = start + len(report.hop_times_ns)
        rows[start:end, [hops.index(hop) for hop in report.hops]] = report.hop_times_ns
        start = end
    return hops, rows


def _most_hops_first(report: PassReport) -> int:
    return -len(report.hops)


@dataclass(frozen=True, slots=True)
class Decoded:
    """(B,) answers to a block, and when the decoder began and had them, nanoseconds of this machine."""

    answers: Answered
    started_ns: int
    finished_ns: int


Predict = Callable[[Sequence[FusedBlock]], Awaitable[list[Decoded]]]


@dataclass(frozen=True, slots=True)
class PassOutcome:
    """The outcome of a pass.

    Attributes:
        error: the answers' mean error.
        reports: the devices', by link.
        counts: of a serving pass's queries.
        answers_sha256: of all answers, in the order in which they were given.
    """

    error: float
    reports: list[PassReport]
    counts: QueryCounts
    answers_sha256: str


class Passes:
    """Runs passes, one at a time, over the links of a run."""

    def __init__(
        self,
        plan: RunPlan,
        collector: BlockCollector,
        *,
        labels: dict[Phase, Targets],
        links: int,
        predict: Predict,
        objective: Objective,
    ) -> None:
        """Set up the passes of a run.

        Args:
            plan: of the run.
            collector: of its blocks.
            labels: of each phase's split.
            links: K.
            predict: decodes blocks, one by one; off the event loop if that takes longer than the way there.
            objective: what its answers are held to.
        """
        self._plan = plan
        self._collector = collector
        self._labels = labels
        self._predict = predict
        self._objective = objective
        self._betas: Betas = ()
        self.reports: LinkBarrier[PassReport] = LinkBarrier(links)

    async def run(self, sessions: Sequence[LinkSession], phase: Phase, step: int, symbols: Symbols) -> PassOutcome:
        """One pass with all links; a load pass is of the workload that the plan was told last."""
        blocks, samples = self._plan.block_count(phase, step), self._plan.pass_samples(phase)
        rows = blocks if phase.is_of_queries else 0
        workload = self._plan.workload if phase is Phase.LOAD else None
        self._collector.expect(phase, step)
        self.reports.expect(
            lambda report: (
                (report.phase, report.symbols, report.cost.samples) == (phase, symbols, samples)
                and len(report.hop_times_ns) == rows
                and (workload is None or report.hops in (STAMPS, DIRECT_STAMPS))
            )
        )
        for session in sessions:
            session.send(Evaluate(phase, step, symbols, workload))
        errors, counts, answers_digest = 0.0, QueryCounts(), hashlib.sha256()
        while blocks:
            arrivals = await self._collector.next_few()
            for arrival, decoded in zip(arrivals, await self._decode(arrivals), strict=True):
                self._answer(sessions, arrival, decoded)
                answers = decoded.answers
                error = self._objective.errors(answers, self._labels[phase][arrival.sample_ids])
                errors += error
                if phase is Phase.SERVE:
                    counts.add(arrival.block.betas, arrival.sample_ids, error)
                answers_digest.update(answers.tobytes())
            blocks -= len(arrivals)
        return PassOutcome(errors / samples, await self.reports.all(), counts, answers_digest.hexdigest())

    def _note_switch(self, block: FusedBlock) -> None:
        """Log at which block the links' β changed: with that, anyone can compute the answers again."""
        if block.betas and block.betas != self._betas:
            self._betas = block.betas
            log.info(
                "serving under beta",
                betas=block.betas,
                phase=block.key.phase.name.lower(),
                serving_pass=block.key.step,
                query=block.key.micro_batch,
            )

    async def _decode(self, arrivals: Sequence[Arrival]) -> list[Decoded]:
        for arrival in arrivals:
            self._note_switch(arrival.block)
        return await self._predict([arrival.block for arrival in arrivals])

    @staticmethod
    def _answer(sessions: Sequence[LinkSession], arrival: Arrival, decoded: Decoded) -> None:
        """Tell every device the answers to a block."""
        key, started, finished = arrival.block.key, decoded.started_ns, decoded.finished_ns
        for session in sessions:
            arrived = arrival.arrived_ns[session.link]
            hops: tuple[Hop, ...] = ()
            stamps: Stamps | None = None
            if key.phase is Phase.SERVE:
                hops = (Hop(FUSE_WAIT_HOP, arrival.fused_ns - arrived), Hop("decode", finished - started))
            elif key.phase is Phase.LOAD:
                stamps = Stamps(arrived, arrival.fused_ns, started, finished)
            session.send(Prediction(key, decoded.answers, hops, stamps))
