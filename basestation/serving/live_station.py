"""Answers live queries: takes their parts, has them fused and decoded, and sends each part its outcome."""

import asyncio
import time
from collections import Counter

import structlog

from splitwave.basestation.fusion.fusion_policy import FusionPolicies, load_fusion_policy
from splitwave.basestation.learning.compute_thread import Compute
from splitwave.basestation.run.block_deadlines import CallLater, event_loop_timer
from splitwave.basestation.serving.ended_queries import EndedQueries
from splitwave.basestation.serving.live_query import Answered, FusedQuery, Part
from splitwave.basestation.serving.live_session import LiveSession
from splitwave.basestation.serving.model_store import ModelStore
from splitwave.basestation.serving.needed_links import NeededLinks
from splitwave.basestation.serving.query_fusion import QueryFusion
from splitwave.common.errors import ProtocolError, Refusal, RunFailedError
from splitwave.common.learning.conditions import check_serving_beta
from splitwave.common.protocol.blocks import SymbolBlock
from splitwave.common.protocol.live_messages import Outcome, QueryAnswer, Reencode
from splitwave.common.protocol.query_name import QueryName
from splitwave.common.protocol.timing import Stamps

QUERY_TIMEOUT_S = 2.0

log = structlog.get_logger()


class LiveStation:
    """The queries of one station.

    Attributes:
        fusion: decides when a query is decoded, and the outcome of each part.
        outcomes: how many parts had each.
        queries: how many queries were answered.
    """

    def __init__(
        self,
        store: ModelStore,
        compute: Compute,
        *,
        query_timeout_s: float = QUERY_TIMEOUT_S,
        call_later: CallLater = event_loop_timer,
    ) -> None:
        """No query has come.

        Args:
            store: the models.
            compute: the thread that torch works in.
            query_timeout_s: how long a query waits for links at most.
            call_later: by which clock.

        Raises:
            ConfigError: the fusion policy cannot be loaded.
        """
        config = store.current.config
        needed = NeededLinks(FusionPolicies.of(load_fusion_policy(config)), config.links)
        ended = EndedQueries(time.monotonic)
        self._store = store
        self._compute = compute
        self._fused: asyncio.Queue[tuple[FusedQuery, int]] = asyncio.Queue()
        self.fusion = QueryFusion(needed, self, ended, query_timeout_s=query_timeout_s, call_later=call_later)
        self.outcomes: Counter[Outcome] = Counter()
        self.queries = 0

    def take(self, session: LiveSession, block: SymbolBlock) -> None:
        """Take a device's part of a query.

        Raises:
            ProtocolError: it is none, it came without credit, or it is encoded with a model that the device has not
                said to be ready, or under a β that its networks were not trained for.
        """
        arrived_ns = time.perf_counter_ns()
        session.begin_query()
        name = QueryName.of(block.key)
        if len(block.sample_ids) != 1:
            raise ProtocolError(f"{name} has {len(block.sample_ids)} samples: expected one")
        if not (session.has_loaded(block.model) and self._store.has(block.model)):
            raise ProtocolError(
                f"{name}: link {session.link} encoded it with model {block.model}, which it has not said to be ready",
                Refusal.FAILED_PRECONDITION,
            )
        if block.beta is not None:
            check_serving_beta(self._store.get(block.model).config, block.beta)
        symbols = session.reader.read(block)
        self.fusion.take(Part(name, session, symbols, block.model, arrived_ns, block.beta, block.channel))

    async def answer_queries(self) -> None:
        """Decode and answer queries until this is cancelled."""
        while True:
            query, fused_ns = await self._fused.get()
            self.fusion.answered(query.name, await self._answer(query, fused_ns))

    def close(self) -> None:
        """Forget what waits, and log the counts."""
        self.fusion.close()
        parts = {outcome.name.lower(): count for outcome, count in sorted(self.outcomes.items())}
        log.info("served", queries=self.queries, **parts)

    def decode(self, query: FusedQuery) -> None:
        """See `QuerySink`."""
        self._fused.put_nowait((query, time.perf_counter_ns()))

    def settle(self, part: Part, outcome: Outcome, answered: Answered | None) -> None:
        """See `QuerySink`."""
        self.outcomes[outcome] += 1
        if not part.session.gone:
            part.session.send(_answer_to(part, outcome, answered))

    def reencode(self, part: Part, model: int) -> None:
        """See `QuerySink`."""
        part.session.send(Reencode(part.name.key, model))

    async def _answer(self, query: FusedQuery, fused_ns: int) -> Answered | None:
        model = self._store.get(query.model)
        block = model.fuse(query)
        started = time.perf_counter_ns()
        try:
            if model.trainer.is_brief([block]):
                await asyncio.sleep(0)  # messages have their turn, however many queries wait
                answers, probabilities = model.decode(block)
            else:
                answers, probabilities = await self._compute(model.decode, block)
        except RunFailedError as error:  # a device sent symbols that are too large, say: others go on
            log.error("no answer", query=str(query.name), model=query.model, reason=str(error))
            return None
        self.queries += 1
        return Answered(
            answers=answers,
            links=block.used,
            probabilities=probabilities,
            betas=block.betas,
            psnr_db=model.psnr_db_of(block.channels),
            channel_versions=tuple(channel.version for channel in block.channels),
            model=query.model,
            fused_ns=fused_ns,
            decoding_ns=started,
            decoded_ns=time.perf_counter_ns(),
        )


def _answer_to(part: Part, outcome: Outcome, answered: Answered | None) -> QueryAnswer:
    """The message to a device; what happened before its part came gets the time of its arrival."""
    arrived = part.arrived_ns
    if answered is None:
        return QueryAnswer(part.name.key, outcome, Stamps(arrived, 0, 0, 0))
    fused, decoding, decoded = (
        max(arrived, each) for each in (answered.fused_ns, answered.decoding_ns, answered.decoded_ns)
    )
    return QueryAnswer(
        key=part.name.key,
        outcome=outcome,
        stamps=Stamps(arrived, fused, decoding, decoded),
        answers=answered.answers,
        links=answered.links,
        probabilities=answered.probabilities,
        betas=answered.betas,
        psnr_db=answered.psnr_db,
        model=answered.model,
        channel_versions=answered.channel_versions,
    )
