"""The events of a run at the base station, and who observes them."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Concatenate, ParamSpec

from splitwave.basestation.fusion.block_collector import Arrival, LatePart
from splitwave.basestation.links.link_session import LinkSession
from splitwave.basestation.links.stragglers import StragglerChange
from splitwave.basestation.run.decoding import Decoded
from splitwave.basestation.run.pass_outcome import PassOutcome
from splitwave.basestation.run.stage import Stage
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.records.manifest import Manifest
from splitwave.common.records.results import EpochRecord, Evaluation, RunResult

Arguments = ParamSpec("Arguments")


class RunObserver:
    """Follows a run; a subclass overrides the events that it wants, the others do nothing.

    All methods are called on the event loop, at the moment of the event: they must return at once, raise nothing and
    change none of their arguments. Times are `time.perf_counter_ns` of this machine.
    """

    def block_arrived(self, key: BlockKey, link: int, at_ns: int) -> None:
        """A link's part of a block came in at `at_ns` and was found to be in order."""

    def block_fused(self, arrival: Arrival, at_ns: int) -> None:
        """A block has the links that the fusion policy asks for: `arrival.block.links`."""

    def block_decoded(self, arrival: Arrival, decoded: Decoded) -> None:
        """The decoder is done with a block; no link has its answer yet."""

    def block_answered(self, arrival: Arrival, decoded: Decoded) -> None:
        """The answers to a block are in the outboxes of the links that it was fused from."""

    def late_part_answered(self, part: LatePart) -> None:
        """So is the answer of a link whose part came after the block had been fused, and was dropped."""

    def step_ended(self, step: int) -> None:
        """The decoder took its optimiser step `step`, counted from 0."""

    def epoch_ended(self, record: EpochRecord) -> None:
        """An epoch is over, and its validation pass."""

    def checkpoint_published(self, manifest: Manifest, folder: Path) -> None:
        """All parties' parts are written."""

    def training_kept(self, step: int, folder: Path) -> None:
        """A checkpoint that training can go on from after `step` steps is published in a folder."""

    def pass_ended(self, outcome: PassOutcome) -> None:
        """A pass is over, and every link has reported."""

    def evaluated(self, evaluation: Evaluation) -> None:
        """Both test passes are over."""

    def result_ready(self, result: RunResult) -> None:
        """Training, evaluation and the first serving pass are over."""

    def stage_entered(self, stage: Stage) -> None:
        """The run is at another stage."""

    def run_started_over(self, reason: str, lost_at_step: int, from_step: int, wait_s: float) -> None:
        """A link was lost: every device goes back to `from_step`, and the run waits `wait_s` for the missing ones."""

    def run_went_on(self, reason: str, links: tuple[int, ...]) -> None:
        """A link was lost while the run serves, which goes on with these links."""

    def link_leased(self, session: LinkSession, software: str) -> None:
        """A device that runs this version connected and holds a link."""

    def link_ready(self, session: LinkSession) -> None:
        """A device has its data and its encoder."""

    def link_closed(self, session: LinkSession, reason: str) -> None:
        """A device is gone."""

    def link_lateness_changed(self, change: StragglerChange, device_id: str | None) -> None:
        """A link became late or caught up; without a device id if it has no device any more."""

    def beta_set(self, link: int | None, beta: float) -> None:
        """An operator set β of one link's serving blocks, or of all links'."""


class RunEvents(RunObserver):
    """Passes every event on to all observers, in their order."""

    def __init__(self, observers: Sequence[RunObserver] = ()) -> None:
        """Args: who observes; events of blocks go to those alone that override them, since there are many."""
        self._observers = tuple(observers)
        self._on_arrived = _handlers(observers, RunObserver.block_arrived)
        self._on_fused = _handlers(observers, RunObserver.block_fused)
        self._on_decoded = _handlers(observers, RunObserver.block_decoded)
        self._on_answered = _handlers(observers, RunObserver.block_answered)

    def and_to(self, *observers: RunObserver) -> "RunEvents":
        """The same for more observers."""
        return RunEvents((*self._observers, *observers))

    def block_arrived(self, key: BlockKey, link: int, at_ns: int) -> None:
        for handle in self._on_arrived:
            handle(key, link, at_ns)

    def block_fused(self, arrival: Arrival, at_ns: int) -> None:
        for handle in self._on_fused:
            handle(arrival, at_ns)

    def block_decoded(self, arrival: Arrival, decoded: Decoded) -> None:
        for handle in self._on_decoded:
            handle(arrival, decoded)

    def block_answered(self, arrival: Arrival, decoded: Decoded) -> None:
        for handle in self._on_answered:
            handle(arrival, decoded)

    def late_part_answered(self, part: LatePart) -> None:
        for each in self._observers:
            each.late_part_answered(part)

    def step_ended(self, step: int) -> None:
        for each in self._observers:
            each.step_ended(step)

    def epoch_ended(self, record: EpochRecord) -> None:
        for each in self._observers:
            each.epoch_ended(record)

    def checkpoint_published(self, manifest: Manifest, folder: Path) -> None:
        for each in self._observers:
            each.checkpoint_published(manifest, folder)

    def training_kept(self, step: int, folder: Path) -> None:
        for each in self._observers:
            each.training_kept(step, folder)

    def pass_ended(self, outcome: PassOutcome) -> None:
        for each in self._observers:
            each.pass_ended(outcome)

    def evaluated(self, evaluation: Evaluation) -> None:
        for each in self._observers:
            each.evaluated(evaluation)

    def result_ready(self, result: RunResult) -> None:
        for each in self._observers:
            each.result_ready(result)

    def stage_entered(self, stage: Stage) -> None:
        for each in self._observers:
            each.stage_entered(stage)

    def run_started_over(self, reason: str, lost_at_step: int, from_step: int, wait_s: float) -> None:
        for each in self._observers:
            each.run_started_over(reason, lost_at_step, from_step, wait_s)

    def run_went_on(self, reason: str, links: tuple[int, ...]) -> None:
        for each in self._observers:
            each.run_went_on(reason, links)

    def link_leased(self, session: LinkSession, software: str) -> None:
        for each in self._observers:
            each.link_leased(session, software)

    def link_ready(self, session: LinkSession) -> None:
        for each in self._observers:
            each.link_ready(session)

    def link_closed(self, session: LinkSession, reason: str) -> None:
        for each in self._observers:
            each.link_closed(session, reason)

    def link_lateness_changed(self, change: StragglerChange, device_id: str | None) -> None:
        for each in self._observers:
            each.link_lateness_changed(change, device_id)

    def beta_set(self, link: int | None, beta: float) -> None:
        for each in self._observers:
            each.beta_set(link, beta)


def _handlers(
    observers: Sequence[RunObserver], event: Callable[Concatenate[RunObserver, Arguments], None]
) -> tuple[Callable[Arguments, None], ...]:
    """The methods of those observers that override an event."""
    name = event.__name__
    return tuple(getattr(each, name) for each in observers if getattr(type(each), name) is not event)
