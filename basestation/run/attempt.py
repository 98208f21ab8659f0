"""One attempt at a run: it ends when a link is lost, and the next attempt begins at the last checkpoint."""

from collections.abc import Collection, Mapping

from splitwave.basestation.learning.trainer import Trainer
from splitwave.basestation.links.link_barrier import LinkBarrier
from splitwave.basestation.links.link_session import LinkSession
from splitwave.basestation.run.adaptation_loop import AdaptationLoop
from splitwave.basestation.run.block_exchange import BlockExchange
from splitwave.basestation.run.checkpointing import CheckpointWriter
from splitwave.basestation.run.decoding import BlockDecoder
from splitwave.basestation.run.epoch_meter import EpochMeter
from splitwave.basestation.run.pass_outcome import PassOutcome
from splitwave.basestation.run.pass_score import PassScore
from splitwave.basestation.run.passes import Passes
from splitwave.basestation.run.run_context import RunContext
from splitwave.basestation.run.training import Trained, Training
from splitwave.basestation.run.training_checkpoints import TrainingCheckpoints
from splitwave.common.protocol.blocks import SymbolBlock
from splitwave.common.protocol.messages import PartSaved
from splitwave.common.protocol.phases import Phase, Symbols
from splitwave.common.protocol.reports import EpochReport, PassReport
from splitwave.common.protocol.workload import LinkStamps, Workload
from splitwave.common.records.manifest import Manifest
from splitwave.common.records.training_manifest import TrainingManifest


class Attempt:
    """Carries out the parts of a run with its devices, and takes their messages."""

    def __init__(
        self,
        context: RunContext,
        trainer: Trainer,
        checkpoint: Manifest | TrainingManifest | None,
        sessions: Mapping[int, LinkSession],
    ) -> None:
        """Set up an attempt.

        Args:
            context: the run.
            trainer: its decoder.
            checkpoint: that the decoder's state is of; None if it is fresh.
            sessions: by link, who holds it.

        Raises:
            ConfigError: the fusion policy cannot be loaded.
        """
        config, labels = context.config, context.labels
        by_phase = dict.fromkeys((Phase.TEST, Phase.SERVE, Phase.LOAD), labels.test) | {Phase.VALIDATION: labels.train}
        meter, score = EpochMeter(), PassScore(trainer.objective, by_phase)
        decoder = BlockDecoder(trainer, context.compute)
        self._context = context
        self._sessions = sessions
        self._adaptation = AdaptationLoop(context.adaptation, sessions)
        self._exchange = BlockExchange(config, sessions, context.events.and_to(meter, score, self._adaptation))
        self._passes = Passes(
            self._exchange, decoder, score, sessions=sessions, events=context.events, links=config.links
        )
        self._parts: LinkBarrier[PartSaved] = LinkBarrier(config.links)
        self._training = Training(
            context,
            trainer,
            checkpoint,
            sessions,
            exchange=self._exchange,
            decoder=decoder,
            meter=meter,
            passes=self._passes,
            checkpoints=TrainingCheckpoints(context, trainer, sessions, self._parts),
        )
        self._checkpoint = CheckpointWriter(context, trainer.decoder, sessions, self._parts)

    @property
    def step(self) -> int:
        """Training steps behind the weights."""
        return self._training.step

    @property
    def links(self) -> Collection[int]:
        """The links that take part in the step or pass under way, without those that were lost."""
        return self._exchange.links

    def receive(self, session: LinkSession, body: SymbolBlock | EpochReport | PassReport | PartSaved) -> None:
        """Take a message of a device.

        Raises:
            ProtocolError: this link was not asked for it.
        """
        match body:
            case SymbolBlock():
                if body.beta is not None:
                    self._context.beta_control.check(session.link, body.beta, str(body.key))
                self._exchange.receive(session, body)
            case EpochReport():
                self._training.epoch_reports.take(session.link, body)
            case PassReport():
                for entropy in body.entropies:
                    self._context.beta_control.check(session.link, entropy.beta, "the report")
                self._passes.reports.take(session.link, body)
            case PartSaved():
                self._parts.take(session.link, body)

    def owes(self, session: LinkSession) -> bool:
        """Whether a link has had all its answers, and has more to send that is due."""
        if self._exchange.waits_for_schedule(session.link):
            return False
        awaited = (self._exchange, self._training.epoch_reports, self._passes.reports, self._parts)
        return session.unanswered == 0 and any(each.expects(session.link) for each in awaited)

    def can_do_without(self, link: int) -> bool:
        """Whether the fusion policy answers queries with the links that are left when this one is lost."""
        ready = {each for each, session in self._sessions.items() if session.ready}
        return self._exchange.can_do_without(link, ready)

    def lose(self, link: int) -> None:
        """Go on without a link, while the run serves."""
        self._passes.lose(link)

    async def train(self) -> Trained:
        """All epochs, and the checkpoint of their weights."""
        records = await self._training.run()
        return Trained(await self._checkpoint.save(self.step, records), tuple(records))

    async def prepare_test(self) -> None:
        """Do what leads from a training of an earlier attempt to its test pass."""
        await self._training.validate_again()

    async def test(self, symbols: Symbols) -> PassOutcome:
        """One pass over the test split."""
        return await self._passes.run(self._context.plan, Phase.TEST, 0, symbols)

    async def serve(self, count: int) -> PassOutcome:
        """A serving pass, one sample at a time, after `count` others."""
        self._adaptation.begin()
        return await self._passes.run(self._context.plan, Phase.SERVE, count, Symbols.HARD)

    async def measure(self, count: int, workload: Workload) -> list[LinkStamps]:
        """Have a workload sent and answer it, after `count` earlier load passes. It changes nothing of the run."""
        plan = self._context.plan.with_workload(workload)
        outcome = await self._passes.run(plan, Phase.LOAD, count, Symbols.HARD)
        return [LinkStamps(link, each.hops, each.hop_times_ns) for link, each in outcome.reports.items()]
