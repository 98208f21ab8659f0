"""The one way of a block through the base station: in from the links, fused, decoded, its answers out to the links."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet

from splitwave.basestation.fusion.block_collector import Arrival, BlockCollector, Command, DroppedPart, LatePart
from splitwave.basestation.fusion.fusion_buffer import FusedBlock
from splitwave.basestation.links.link_session import LinkSession
from splitwave.basestation.run.block_deadlines import BlockDeadlines, CallLater, event_loop_timer
from splitwave.basestation.run.decoding import Decoded, TrainedBlock
from splitwave.basestation.run.events import RunEvents
from splitwave.basestation.run.query_times import QueryTimes
from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.blocks import BlockKey, SymbolBlock
from splitwave.common.protocol.messages import Gradient, Prediction
from splitwave.common.protocol.phases import Phase

Decode = Callable[[Sequence[FusedBlock]], Awaitable[Sequence[Decoded]]]
Answer = Callable[[int], Gradient | Prediction]
"""The answer to a block, by link."""


Ready = Arrival | LatePart | DroppedPart
"""An item of the queue of a command's work, which is done in order."""


class BlockExchange:
    """Exchanges the blocks of one command at a time for their answers: gradients of a step, predictions of a pass.

    A link whose part comes after its block was fused without it is answered in its turn: with the prediction that the
    other links had, or with a gradient of zeros, as its symbols had no part in the loss. Answers leave in the order in
    which blocks were completed and late parts came, so that each device has its answers in the order of its blocks.
    A part that a device has dropped gets no answer, and is not waited for.
    """

    def __init__(
        self,
        config: RunConfig,
        sessions: Mapping[int, LinkSession],
        events: RunEvents,
        call_later: CallLater = event_loop_timer,
    ) -> None:
        """Nothing is expected yet.

        Args:
            config: the run's settings.
            sessions: by link, who is answered.
            events: where the events of blocks go.
            call_later: the clock of the fusion policy's deadline.

        Raises:
            ConfigError: the fusion policy cannot be loaded.
        """
        self._all = range(config.links)
        self._sessions = sessions
        self._collector = BlockCollector(config)
        self._deadlines = BlockDeadlines(self._collector.policies.wait_s, self._release, call_later)
        self._times = QueryTimes(config.links)
        self._events = events.and_to(self._times)
        self._ready: asyncio.Queue[Ready | None] = asyncio.Queue()
        self._late_answers: dict[LatePart, Answer] = {}
        self._unanswered: dict[int, int] = {}

    @property
    def links(self) -> AbstractSet[int]:
        """The links that take part in the command, without those that were lost."""
        return self._collector.links

    def can_do_without(self, link: int, ready: AbstractSet[int]) -> bool:
        """Whether the fusion policy answers queries, of a pass under way too, when this link of the ready is lost."""
        policies = self._collector.policies
        under_way = self.links if any(self._unanswered.values()) else ready
        return all(policies.can_do_without(links - {link}, self._all) for links in (ready, under_way))

    def expect(self, command: Command, links: Collection[int] | None = None) -> None:
        """From now on take the blocks of this command from these links, by default from all, and no others."""
        self._collector.expect(command, links)
        self._times.expect(len(self.links))
        self._unanswered = dict.fromkeys(self.links, command.blocks)

    def lose(self, link: int) -> None:
        """Answer the rest of the command without a link: its missing parts are not awaited, and it gets no answer."""
        if self._unanswered.pop(link, None) is not None:
            self._times.lose_link()
        self._late_answers = {part: answer for part, answer in self._late_answers.items() if part.link != link}
        self._hand_on(self._collector.lose(link))
        self._ready.put_nowait(None)  # perhaps nothing is left to wait for

    def receive(self, session: LinkSession, block: SymbolBlock) -> None:
        """Take a link's part of a block.

        Raises:
            ProtocolError: see `BlockCollector.take`.
        """
        arrived_ns = time.perf_counter_ns()
        self._pass_over(self._collector.pass_over(session, block))
        ready = self._collector.take(session, block)
        taken_ns = time.perf_counter_ns()
        self._events.block_arrived(block.key, session.link, arrived_ns)
        if isinstance(ready, Arrival):
            self._deadlines.end(block.key)
            self._events.block_fused(ready, taken_ns)
        elif ready is None:
            if block.key.phase is not Phase.TRAIN:
                self._deadlines.begin(block.key)
            return
        self._ready.put_nowait(ready)

    async def carry_out(self, command: Command, decode: Decode) -> None:
        """Decode and answer all blocks of a command that is expected, until every link has all its answers."""
        try:
            while any(self._unanswered.values()):
                ready = [await self._ready.get()]
                while len(ready) < command.together and not self._ready.empty():
                    ready.append(self._ready.get_nowait())
                blocks = [each.block for each in ready if isinstance(each, Arrival)]
                answered = self._answer_all(ready, await decode(blocks) if blocks else ())
                if command.phase is not Phase.TRAIN:  # whose gradients leave together with the next step's announcement
                    await asyncio.sleep(0)  # the answers leave before they are counted, however many blocks wait
                for arrival, decoded in answered:
                    self._events.block_answered(arrival, decoded)
        finally:
            self._deadlines.clear()  # the run may have been given up

    def expects(self, link: int) -> bool:
        """Whether blocks of this link are still to come."""
        return self._collector.expects(link)

    def waits_for_schedule(self, link: int) -> bool:
        """Whether blocks of this link are still to come, each at its own time."""
        return self._collector.waits_for_schedule(link)

    def _pass_over(self, passed: Sequence[Arrival | DroppedPart]) -> None:
        for each in passed:
            if isinstance(each, Arrival):
                self._hand_on([each])
            else:
                self._ready.put_nowait(each)

    def _release(self, key: BlockKey) -> None:
        """The deadline of a block is over."""
        self._hand_on(self._collector.release(key))

    def _hand_on(self, arrivals: Iterable[Arrival]) -> None:
        """Have blocks decoded that wait for no link any more, although no part of them arrived just now."""
        for arrival in arrivals:
            self._deadlines.end(arrival.block.key)
            self._events.block_fused(arrival, time.perf_counter_ns())
            self._ready.put_nowait(arrival)

    def _answer_all(
        self, ready: Sequence[Ready | None], decoded: Sequence[Decoded]
    ) -> Sequence[tuple[Arrival, Decoded]]:
        """Answer decoded blocks and late parts in their order; returns the blocks."""
        answered, left = [], iter(decoded)
        for each in ready:
            if isinstance(each, Arrival):
                answered.append((each, next(left)))
                self._answer(*answered[-1])
            elif isinstance(each, DroppedPart):
                self._forget(each)
            elif each is not None and each.link in self._unanswered:
                self._send(each.link, self._late_answers.pop(each))
                self._events.late_part_answered(each)
        return answered

    def _forget(self, dropped: DroppedPart) -> None:
        """Owe a link no answer to a part that it does not send."""
        if dropped.link in self._unanswered:
            self._unanswered[dropped.link] -= 1
        part = LatePart(dropped.key, dropped.link)
        if self._late_answers.pop(part, None) is not None:
            self._times.late_part_answered(part)

    def _answer(self, arrival: Arrival, decoded: Decoded) -> None:
        self._events.block_decoded(arrival, decoded)
        key, links = arrival.block.key, arrival.block.links
        answer = self._answer_to(arrival.block, decoded)
        for link in links:
            if link in self._unanswered:  # else it was lost meanwhile
                self._send(link, answer)
        if len(links) < len(self._all):
            settled = arrival.block.dropped.union(links)
            self._late_answers |= {LatePart(key, link): answer for link in self._unanswered if link not in settled}

    def _send(self, link: int, answer: Answer) -> None:
        self._unanswered[link] -= 1
        self._sessions[link].send(answer(link))

    def _answer_to(self, block: FusedBlock, decoded: Decoded) -> Answer:
        key = block.key
        if isinstance(decoded, TrainedBlock):
            gradients = decoded.result.gradients
            return lambda link: Gradient.rounded(key, gradients[link], self._sessions[link].contract.wire_dtype)
        used = () if len(block.used) == len(self._all) else block.used
        answers, times = decoded.answers, self._times.of(key, decoded)
        return lambda link: Prediction(key, answers, *times(link), used)
