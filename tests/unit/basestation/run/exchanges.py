"""A block exchange without a network, for tests of its answers and their order."""

import asyncio
from collections.abc import Sequence

import numpy as np

from splitwave.basestation.fusion.block_collector import Arrival, Command, LatePart
from splitwave.basestation.fusion.fusion_buffer import FusedBlock
from splitwave.basestation.learning.trainer import MicroBatchResult
from splitwave.basestation.run.block_deadlines import CallLater, event_loop_timer
from splitwave.basestation.run.block_exchange import BlockExchange, Decode
from splitwave.basestation.run.decoding import Decoded, PredictedBlock, TrainedBlock
from splitwave.basestation.run.events import RunEvents, RunObserver
from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.blocks import BlockKey, RealPayload, SymbolBlock
from splitwave.common.protocol.messages import Downlink
from splitwave.common.protocol.phases import Phase
from splitwave.common.protocol.workload import Workload
from tests.unit.basestation.base_station_parts import CONFIG, PLAN, session_of, symbols

TEST = Command(PLAN, Phase.TEST, 0)
STEP = Command(PLAN, Phase.TRAIN, 0)
LOAD = Command(PLAN.with_workload(Workload(2, 1, 2, 0.0, 0)), Phase.LOAD, 0)


class Recorder(RunObserver):
    """Records the events of blocks."""

    def __init__(self) -> None:
        self.events: list[tuple[str, int, object]] = []

    def block_arrived(self, key: BlockKey, link: int, at_ns: int) -> None:
        assert at_ns > 0
        self.events.append(("arrived", key.micro_batch, link))

    def block_fused(self, arrival: Arrival, at_ns: int) -> None:
        assert at_ns > 0
        self.events.append(("fused", arrival.block.key.micro_batch, arrival.block.links))

    def block_decoded(self, arrival: Arrival, decoded: Decoded) -> None:
        self.events.append(("decoded", arrival.block.key.micro_batch, decoded.finished_ns))

    def block_answered(self, arrival: Arrival, decoded: Decoded) -> None:
        self.events.append(("answered", arrival.block.key.micro_batch, decoded.finished_ns))

    def late_part_answered(self, part: LatePart) -> None:
        self.events.append(("late", part.key.micro_batch, part.link))


class Exchange:
    """The block exchange of a run with two links, or as many as its settings say."""

    def __init__(self, config: RunConfig = CONFIG, call_later: CallLater = event_loop_timer) -> None:
        self.sessions = {link: session_of(link) for link in range(config.links)}
        self.recorder = Recorder()
        self.exchange = BlockExchange(config, self.sessions, RunEvents([self.recorder]), call_later)

    def send(self, command: Command, link: int, number: int) -> None:
        key = BlockKey(command.phase, command.step, number)
        ids = command.plan.block_ids(command.phase, command.step, number)
        payload = RealPayload(symbols(float(number), samples=len(ids)))
        session = self.sessions[link]
        self.exchange.receive(session, SymbolBlock(link, session.blocks, key, ids, payload))

    async def carry_out(self, command: Command, decode: Decode) -> None:
        async with asyncio.timeout(60):
            await self.exchange.carry_out(command, decode)

    def sent_to(self, link: int) -> list[Downlink]:
        return [body for body in self.sessions[link].outgoing() if body is not None]


def answers_of(block: FusedBlock) -> PredictedBlock:
    """Answers to a block; each is the number of the block."""
    samples = block.symbols.shape[1]
    return PredictedBlock(np.full(samples, block.key.micro_batch, dtype=np.uint8), 1000, 1001)


async def predict(blocks: Sequence[FusedBlock]) -> list[Decoded]:
    return [answers_of(block) for block in blocks]


async def train(blocks: Sequence[FusedBlock]) -> list[Decoded]:
    """Gradients for all links: link k gets k + 1, and a link that is missing in the block gets zeros."""
    return [
        TrainedBlock(
            MicroBatchResult(
                {link: symbols(float(link + 1) if link in block.links else 0.0) for link in (0, 1)}, 0.0, 0.0, 4
            ),
            1000,
            1001,
        )
        for block in blocks
    ]
