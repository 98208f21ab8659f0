"""The one way of a block through the base station: in from the links, fused, decoded, its answers out to the links."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence

from splitwave.basestation.fusion.block_collector import Arrival, BlockCollector, Command, LatePart
from splitwave.basestation.fusion.fusion_buffer import FusedBlock
from splitwave.basestation.links.link_session import LinkSession
from splitwave.basestation.run.decoding import Decoded, TrainedBlock
from splitwave.basestation.run.events import RunEvents
from splitwave.basestation.run.query_times import QueryTimes
from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.blocks import BlockKey, SymbolBlock
from splitwave.common.protocol.messages import Gradient, Prediction

Decode = Callable[[Sequence[FusedBlock]], Awaitable[Sequence[Decoded]]]
Answer = Callable[[int], Gradient | Prediction]
"""The answer to a block, by link."""


class BlockExchange:
    """Exchanges the blocks of one command at a time for their answers: gradients of a step, predictions of a pass.

    A link whose part comes after its block was fused without it is answered in its turn: with the prediction that the
    other links had, or with a gradient of zeros, as its symbols had no part in the loss. Answers leave in the order in
    which blocks were completed and late parts came, so that each device has its answers in the order of its blocks.
    """

    def __init__(self, config: RunConfig, sessions: Mapping[int, LinkSession], events: RunEvents) -> None:
        """Nothing is expected yet.

        Args:
            config: the run's settings.
            sessions: by link, who is answered.
            events: where the events of blocks go.

        Raises:
            ConfigError: the fusion policy cannot be loaded.
        """
        self._links = config.links
        self._sessions = sessions
        self._collector = BlockCollector(config)
        self._times = QueryTimes(config.links)
        self._events = events.and_to(self._times)
        self._ready: asyncio.Queue[Arrival | LatePart] = asyncio.Queue()
        self._late_answers: dict[LatePart, Answer] = {}

    def expect(self, command: Command) -> None:
        """From now on take the blocks of this command, and no others."""
        self._collector.expect(command)

    def receive(self, session: LinkSession, block: SymbolBlock) -> None:
        """Take a link's part of a block.

        Raises:
            ProtocolError: see `BlockCollector.take`.
        """
        arrived_ns = time.perf_counter_ns()
        ready = self._collector.take(session, block)
        taken_ns = time.perf_counter_ns()
        self._events.block_arrived(block.key, session.link, arrived_ns)
        if ready is None:
            return
        if isinstance(ready, Arrival):
            self._events.block_fused(ready, taken_ns)
        self._ready.put_nowait(ready)

    async def carry_out(self, command: Command, decode: Decode) -> None:
        """Decode and answer all blocks of a command that is expected, until every link has all its answers."""
        unanswered, together = command.blocks * self._links, command.together
        while unanswered:
            ready = [await self._ready.get()]
            while len(ready) < together and not self._ready.empty():
                ready.append(self._ready.get_nowait())
            blocks = [each.block for each in ready if isinstance(each, Arrival)]
            unanswered -= self._answer_all(ready, await decode(blocks) if blocks else ())

    def expects(self, link: int) -> bool:
        """Whether blocks of this link are still to come."""
        return self._collector.expects(link)

    def waits_for_schedule(self, link: int) -> bool:
        """Whether blocks of this link are still to come, each at its own time."""
        return self._collector.waits_for_schedule(link)

    def _answer_all(self, ready: Sequence[Arrival | LatePart], decoded: Sequence[Decoded]) -> int:
        """Answer decoded blocks and late parts in their order; how many answers that took."""
        left, answers = iter(decoded), 0
        for each in ready:
            if isinstance(each, Arrival):
                self._answer(each, next(left))
                answers += len(each.block.links)
            else:
                self._answer_late(each)
                answers += 1
        return answers

    def _answer(self, arrival: Arrival, decoded: Decoded) -> None:
        self._events.block_decoded(arrival, decoded)
        key, links = arrival.block.key, arrival.block.links
        answer = self._answer_to(key, decoded)
        for link in links:
            self._sessions[link].send(answer(link))
        if len(links) < self._links:
            missing = (link for link in range(self._links) if link not in links)
            self._late_answers |= {LatePart(key, link): answer for link in missing}
        self._events.block_answered(arrival, decoded)

    def _answer_late(self, part: LatePart) -> None:
        self._sessions[part.link].send(self._late_answers.pop(part)(part.link))
        self._events.late_part_answered(part)

    def _answer_to(self, key: BlockKey, decoded: Decoded) -> Answer:
        if isinstance(decoded, TrainedBlock):
            gradients = decoded.result.gradients
            return lambda link: Gradient(key, gradients[link])
        answers, times = decoded.answers, self._times.of(key, decoded)
        return lambda link: Prediction(key, answers, *times(link))
