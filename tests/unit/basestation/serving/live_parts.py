"""Sessions, parts and a clock for tests of live queries without a network."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from splitwave.basestation.fusion.fusion_policy import FusionPolicies, FusionPolicy
from splitwave.basestation.fusion.policies.all_links import AllLinks
from splitwave.basestation.fusion.policies.deadline import Deadline
from splitwave.basestation.fusion.policies.quorum import Quorum
from splitwave.basestation.run.block_deadlines import Timer
from splitwave.basestation.serving.ended_queries import EndedQueries
from splitwave.basestation.serving.live_query import Answered, FusedQuery, Part
from splitwave.basestation.serving.live_session import LiveSession
from splitwave.basestation.serving.needed_links import NeededLinks
from splitwave.basestation.serving.query_fusion import QueryFusion
from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.link_contract import link_contract
from splitwave.common.protocol.live_messages import Outcome
from splitwave.common.protocol.query_name import QueryName

CONFIG = RunConfig.model_validate({"links": 3, "encoder": {"dimension": 2}})
POLICIES: dict[str, FusionPolicy] = {"all": AllLinks(), "deadline": Deadline(0.5), "quorum": Quorum(2)}
TIMEOUT_S = 2.0
NAME = QueryName(0, 7)


@dataclass
class _Call:
    at_s: float
    call: Callable[[BlockKey], None]
    key: BlockKey
    cancelled: bool = False

    def cancel(self) -> None:
        self.cancelled = True


@dataclass
class Clock:
    """Seconds, and the calls that are due later."""

    now_s: float = 0.0
    calls: list[_Call] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now_s

    def call_later(self, delay_s: float, call: Callable[[BlockKey], None], key: BlockKey) -> Timer:
        self.calls.append(_Call(self.now_s + delay_s, call, key))
        return self.calls[-1]

    def advance(self, seconds: float) -> None:
        self.now_s += seconds
        due = [each for each in self.calls if each.at_s <= self.now_s and not each.cancelled]
        self.calls = [each for each in self.calls if each not in due and not each.cancelled]
        for each in sorted(due, key=lambda call: call.at_s):
            if not each.cancelled:
                each.call(each.key)


class Station:
    """A fusion of live queries that records what it decides; links are connected with the models 1 and 2."""

    def __init__(self, policy: str = "all", links: int = CONFIG.links) -> None:
        self.clock = Clock()
        self.decoding: list[FusedQuery] = []
        self.settled: list[tuple[Part, Outcome, Answered | None]] = []
        self.reencoded: list[tuple[Part, int]] = []
        needed = NeededLinks(FusionPolicies.of(POLICIES[policy]), links)
        self.fusion = QueryFusion(
            needed, self, EndedQueries(self.clock), query_timeout_s=TIMEOUT_S, call_later=self.clock.call_later
        )
        self.fusion.use(1)
        self.sessions = [self.connect(link) for link in range(links)]

    def connect(self, link: int, models: tuple[int, ...] = (1, 2)) -> LiveSession:
        session = LiveSession(link_contract(CONFIG, link), f"device-{link}", "peer")
        for model in models:
            session.load(model)
        self.fusion.connect(link)
        return session

    def disconnect(self, session: LiveSession) -> None:
        session.leave()
        self.fusion.disconnect(session.link)

    def take(self, session: LiveSession, name: QueryName = NAME, model: int = 1) -> Part:
        part = Part(name, session, np.full((1, 1, 2), model, dtype=np.float32), model)
        self.fusion.take(part)
        return part

    def answer(self) -> list[Answered]:
        """Answer all that is being decoded."""
        fused, self.decoding = self.decoding, []
        answers = [answered(query) for query in fused]
        for query, each in zip(fused, answers, strict=True):
            self.fusion.answered(query.name, each)
        return answers

    def outcomes(self) -> list[tuple[int, Outcome]]:
        """The links and outcomes since the last call."""
        found = [(part.link, outcome) for part, outcome, _ in self.settled]
        self.settled.clear()
        return found

    def decode(self, query: FusedQuery) -> None:
        self.decoding.append(query)

    def settle(self, part: Part, outcome: Outcome, answered: Answered | None) -> None:
        assert (answered is not None) == outcome.has_answer
        self.settled.append((part, outcome, answered))

    def reencode(self, part: Part, model: int) -> None:
        self.reencoded.append((part, model))


def answered(query: FusedQuery) -> Answered:
    links = tuple(part.link for part in query.parts)
    return Answered(np.array([3], dtype=np.uint8), links, None, (), (), (), query.model, 1, 2, 3)
