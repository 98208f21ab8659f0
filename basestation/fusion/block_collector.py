"""Takes the blocks of all links in, checks that they were asked for, and hands them on fused."""

import asyncio
import time
from dataclasses import dataclass

import numpy as np

from splitwave.basestation.fusion.fusion_buffer import FusedBlock, FusionBuffer
from splitwave.basestation.links.link_session import LinkSession
from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import ProtocolError, Refusal
from splitwave.common.protocol.arrays import Int64
from splitwave.common.protocol.blocks import BlockKey, SymbolBlock
from splitwave.common.protocol.phases import Phase
from splitwave.common.protocol.plan import RunPlan


@dataclass(frozen=True, slots=True)
class Arrival:
    """A block all of whose links are in.

    Attributes:
        block: the fused symbols.
        sample_ids: (B,) places in the split.
        arrived_ns: per link, when its part arrived.
        fused_ns: when the last link's part had been put to the others.
    """

    block: FusedBlock
    sample_ids: Int64
    arrived_ns: tuple[int, ...]
    fused_ns: int


class BlockCollector:
    """The blocks of one command at a time: a training step, or a pass."""

    def __init__(self, config: RunConfig, plan: RunPlan) -> None:
        self._links = config.links
        self._plan = plan
        self._fusion = FusionBuffer(config.links, config.encoder.dimension, config.runtime.credits)
        self._parts: dict[BlockKey, dict[int, int]] = {}
        self._arrivals: asyncio.Queue[Arrival] = asyncio.Queue()
        self._phase = Phase.TRAIN
        self._step = -1
        self._total = 0
        self._credits = config.runtime.credits
        self._taken: list[set[int]] = [set() for _ in range(self._links)]

    def expect(self, phase: Phase, step: int) -> None:
        """From now on take the blocks of this command, from each link once, and no others."""
        self._phase, self._step = phase, step
        self._total = self._plan.block_count(phase, step)
        self._credits = self._fusion.capacity = self._plan.credits(phase)
        self._taken = [set() for _ in range(self._links)]

    def take(self, session: LinkSession, block: SymbolBlock) -> None:
        """Take one link's part of a block.

        Raises:
            ProtocolError: without credit, not asked for, sent before, for other samples, or at odds with the contract.
        """
        arrived_ns = time.perf_counter_ns()
        session.spend_credit(self._credits)
        self._check_asked_for(session.link, block)
        fused = self._fusion.add(block.key, session.link, session.reader.read(block), block.beta)
        self._taken[session.link].add(block.key.micro_batch)
        parts = self._parts.setdefault(block.key, {})
        parts[session.link] = arrived_ns
        if fused is not None:
            self._arrivals.put_nowait(self._arrival(fused, block.sample_ids))

    def expects(self, link: int) -> bool:
        """Whether blocks of this link are still to come."""
        return len(self._taken[link]) < self._total

    def waits_for_schedule(self, link: int) -> bool:
        """Whether blocks of this link are still to come, each at its own time."""
        workload = self._plan.workload if self._phase is Phase.LOAD else None
        return workload is not None and workload.is_open and self.expects(link)

    async def next(self) -> Arrival:
        """The next complete block, in the order of completion."""
        return await self._arrivals.get()

    async def next_few(self) -> list[Arrival]:
        """Complete blocks, one at least, in the order of completion: of what is there so many as go together."""
        arrivals = [await self._arrivals.get()]
        while len(arrivals) < self._plan.together(self._phase) and not self._arrivals.empty():
            arrivals.append(self._arrivals.get_nowait())
        return arrivals

    def _check_asked_for(self, link: int, block: SymbolBlock) -> None:
        key = block.key
        wanted = key.phase is self._phase and key.step == self._step
        if not wanted or key.micro_batch >= self._total:
            raise ProtocolError(
                f"{key} was not asked for: expected {self._phase.name.lower()} step {self._step}, "
                f"micro-batch below {self._total}",
                Refusal.FAILED_PRECONDITION,
            )
        if key.micro_batch in self._taken[link]:
            raise ProtocolError(f"{key}: link {link} sent it twice", Refusal.FAILED_PRECONDITION)
        if not np.array_equal(block.sample_ids, self._plan.block_ids(key.phase, key.step, key.micro_batch)):
            raise ProtocolError(f"{key} is of other samples than the run's plan says", Refusal.FAILED_PRECONDITION)

    def _arrival(self, fused: FusedBlock, sample_ids: Int64) -> Arrival:
        parts = self._parts.pop(fused.key)
        return Arrival(
            block=fused,
            sample_ids=sample_ids,
            arrived_ns=tuple(parts[link] for link in range(self._links)),
            fused_ns=time.perf_counter_ns(),
        )
