"""Writes the lines of a run to the process's log."""

import math
from collections import Counter, defaultdict
from pathlib import Path

import structlog

from splitwave.basestation.fusion.block_collector import Arrival
from splitwave.basestation.links.link_session import LinkSession
from splitwave.basestation.links.stragglers import StragglerChange
from splitwave.basestation.run.decoding import Decoded
from splitwave.basestation.run.events import RunObserver
from splitwave.basestation.run.pass_outcome import PassOutcome
from splitwave.basestation.run.served_queries import Betas
from splitwave.common.protocol.phases import Phase
from splitwave.common.protocol.workload import dropped_queries
from splitwave.common.records.manifest import Manifest
from splitwave.common.records.results import EpochRecord, RunResult

log = structlog.get_logger()


class RunLogger(RunObserver):
    """One line for each event that an operator may ask about later.

    The line of an epoch or a pass counts the blocks that were decoded without some links, by the links that they had.
    """

    def __init__(self, links: int) -> None:
        """Args: K."""
        self._links = links
        self._betas: Betas = ()
        self._queries = 0
        self._incomplete: defaultdict[Phase, Counter[tuple[int, ...]]] = defaultdict(Counter)

    def block_answered(self, arrival: Arrival, decoded: Decoded) -> None:  # noqa: ARG002
        """Log the first block under other β, so that the answers can be computed again; count incomplete blocks."""
        block = arrival.block
        if block.betas and block.betas != self._betas:
            self._betas = block.betas
            log.info(
                "serving under beta",
                betas=block.betas,
                phase=block.key.phase.name.lower(),
                serving_pass=block.key.step,
                query=block.key.micro_batch,
            )
        if len(block.links) < self._links:
            self._incomplete[block.key.phase][block.links] += 1

    def epoch_ended(self, record: EpochRecord) -> None:
        """Log the epoch's loss."""
        log.info(
            "epoch",
            epoch=record.epoch,
            loss=record.distortion,
            training_error=record.training_error,
            **self._incomplete_blocks(Phase.TRAIN),
        )

    def pass_ended(self, outcome: PassOutcome) -> None:
        """Log the answers of serving and load passes."""
        command, error, sha256 = outcome.command, outcome.error, outcome.answers_sha256
        incomplete = self._incomplete_blocks(command.phase)
        if command.phase is Phase.SERVE:
            self._queries += outcome.counts.total.queries
            log.info("served", queries=self._queries, error=error, answers_sha256=sha256, **incomplete)
        elif command.phase is Phase.LOAD:
            counts = {**incomplete, **_dropped(outcome)}
            workload = str(command.plan.workload)
            log.info("workload measured", workload=workload, error=error, answers_sha256=sha256, **counts)
        elif incomplete:
            log.info("pass ended", phase=command.phase.name.lower(), error=error, **incomplete)

    def checkpoint_published(self, manifest: Manifest, folder: Path) -> None:
        """Log where it is."""
        log.info("checkpoint published", step=manifest.step, folder=str(folder))

    def training_kept(self, step: int, folder: Path) -> None:
        """Log where it is."""
        log.info("training kept", step=step, folder=str(folder))

    def result_ready(self, result: RunResult) -> None:
        """Log the result's main numbers."""
        log.info("result", error=result.error, weights_sha256=result.weights_sha256)

    def run_started_over(self, reason: str, lost_at_step: int, from_step: int, wait_s: float) -> None:
        """Log why, and what is lost."""
        self._betas = ()
        self._incomplete.clear()
        wait = _in_json(wait_s)
        log.warning("run starts over", reason=reason, lost_at_step=lost_at_step, from_step=from_step, wait_s=wait)

    def run_went_on(self, reason: str, links: tuple[int, ...]) -> None:
        """Log why a link is missing, and who is left."""
        log.warning("serving without a link", reason=reason, links=links)

    def link_leased(self, session: LinkSession, software: str) -> None:
        """Log who holds the link."""
        log.info("link leased", link=session.link, device=session.device_id, peer=session.peer, software=software)

    def link_ready(self, session: LinkSession) -> None:
        """Log that its device is ready."""
        log.info("device ready", link=session.link)

    def link_closed(self, session: LinkSession, reason: str) -> None:
        """Log why its device is gone."""
        log.info("link closed", link=session.link, reason=reason)

    def link_lateness_changed(self, change: StragglerChange, device_id: str | None) -> None:
        """Log a late link as a warning."""
        write, event = (log.warning, "link late") if change.late else (log.info, "link caught up")
        write(event, link=change.link, device=device_id, silent_s=round(change.silent_s, 1))

    def beta_set(self, link: int | None, beta: float) -> None:
        """Log the new value."""
        log.info("beta set", link="all" if link is None else link, beta=beta)

    def _incomplete_blocks(self, phase: Phase) -> dict[str, dict[str, int]]:
        """How many blocks were decoded without some links since the last call, by the links that they had."""
        counts = self._incomplete.pop(phase, None)
        if counts is None:
            return {}
        return {"incomplete_blocks": {" ".join(map(str, links)): count for links, count in sorted(counts.items())}}


def _dropped(outcome: PassOutcome) -> dict[str, dict[int, int]]:
    """How many queries of a load pass each link has dropped, if any."""
    counts = {link: len(dropped_queries(each.hops, each.hop_times_ns)) for link, each in outcome.reports.items()}
    return {"dropped_queries": counts} if any(counts.values()) else {}


def _in_json(seconds: float) -> float | str:
    return seconds if math.isfinite(seconds) else str(seconds)
