"""Takes the blocks of all links in, checks that they were asked for, and hands them on fused."""

from collections.abc import Sequence
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
class Command:
    """A training step, or a pass: what the base station asks of every link at a time.

    Attributes:
        plan: says which blocks these are; that of a load pass has its workload.
        phase, step: as in `BlockKey`.
    """

    plan: RunPlan
    phase: Phase
    step: int

    @property
    def blocks(self) -> int:
        """How many blocks each link sends."""
        return self.plan.block_count(self.phase, self.step)

    @property
    def together(self) -> int:
        """How many blocks are decoded before the first of them is answered: one in training.

        A device goes on to its next micro-batch with the gradient of an earlier one.
        """
        return 1 if self.phase is Phase.TRAIN else self.plan.together(self.phase)

    def __str__(self) -> str:
        return f"{self.phase.name.lower()} step {self.step}"


@dataclass(frozen=True, slots=True)
class Arrival:
    """A block that can be decoded, and the (B,) places of its samples in the split."""

    block: FusedBlock
    sample_ids: Int64


@dataclass(frozen=True, slots=True)
class LatePart:
    """A link's part of a block that was handed on without it."""

    key: BlockKey
    link: int


class BlockCollector:
    """The blocks of one command at a time."""

    def __init__(self, config: RunConfig) -> None:
        """Args: the run's settings.

        Raises:
            ConfigError: the fusion policy cannot be loaded.
        """
        self._fusion = FusionBuffer.of(config, config.runtime.credits)
        self._command: Command | None = None
        self._total = 0
        self._credits = config.runtime.credits
        self._taken: Sequence[set[int]] = [set() for _ in range(config.links)]

    def expect(self, command: Command) -> None:
        """From now on take the blocks of this command, from each link once, and no others."""
        self._command = command
        self._total = command.blocks
        self._credits = command.plan.credits(command.phase)
        self._fusion.resize(self._credits)
        self._taken = [set() for _ in self._taken]

    def take(self, session: LinkSession, block: SymbolBlock) -> Arrival | LatePart | None:
        """Take one link's part of a block.

        Returns:
            The block if it can be decoded now, or the part if its block was handed on without it; else None.

        Raises:
            ProtocolError: the block was sent without credit, was not requested, was sent before, is for other
                samples, or does not fit the contract.
        """
        session.spend_credit(self._credits)
        key, link = block.key, session.link
        self._check_asked_for(link, block)
        symbols = session.reader.read(block)
        late = self._fusion.awaits_late_parts(key)
        fused = self._fusion.add(key, link, symbols, block.beta)
        self._taken[link].add(key.micro_batch)
        if late:
            return LatePart(key, link)
        return None if fused is None else Arrival(fused, block.sample_ids)

    def expects(self, link: int) -> bool:
        """Whether blocks of this link are still to come."""
        return len(self._taken[link]) < self._total

    def waits_for_schedule(self, link: int) -> bool:
        """Whether blocks of this link are still to come, each at its own time."""
        if self._command is None or self._command.phase is not Phase.LOAD:
            return False
        workload = self._command.plan.workload
        return workload is not None and workload.is_open and self.expects(link)

    def _check_asked_for(self, link: int, block: SymbolBlock) -> None:
        key, command = block.key, self._command
        wanted = command is not None and key.phase is command.phase and key.step == command.step
        if command is None or not wanted or key.micro_batch >= self._total:
            expected = f"{command}, micro-batch below {self._total}" if command else "none"
            raise ProtocolError(f"{key} was not asked for: expected {expected}", Refusal.FAILED_PRECONDITION)
        if key.micro_batch in self._taken[link]:
            raise ProtocolError(f"{key}: link {link} sent it twice", Refusal.FAILED_PRECONDITION)
        if not np.array_equal(block.sample_ids, command.plan.block_ids(key.phase, key.step, key.micro_batch)):
            raise ProtocolError(f"{key} is of other samples than the run's plan says", Refusal.FAILED_PRECONDITION)
