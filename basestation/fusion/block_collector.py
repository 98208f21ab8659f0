"""Takes the blocks of all links in, checks that they were asked for, and hands them on fused."""

from collections.abc import Collection
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import numpy as np

from splitwave.basestation.fusion.fusion_buffer import FusedBlock, FusionBuffer
from splitwave.basestation.fusion.fusion_policy import FusionPolicies
from splitwave.basestation.fusion.taken_blocks import TakenBlocks
from splitwave.basestation.links.link_session import LinkSession
from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import ProtocolError, Refusal
from splitwave.common.protocol.arrays import Int64
from splitwave.common.protocol.blocks import BlockKey, SymbolBlock
from splitwave.common.protocol.phases import Phase
from splitwave.common.protocol.plan import RunPlan
from splitwave.common.protocol.sent_part import sent_part


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


@dataclass(frozen=True, slots=True)
class DroppedPart:
    """A link's part of a block that its device has dropped."""

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
        self._config = config
        self._all = range(config.links)
        self._taken: dict[int, TakenBlocks] = {}
        self._may_drop = False
        self._newest = -1

    @property
    def policies(self) -> FusionPolicies:
        """The policies that decide which links a block may do without."""
        return self._fusion.policies

    @property
    def links(self) -> AbstractSet[int]:
        """The links whose blocks are taken, without those that were lost."""
        return self._taken.keys()

    def expect(self, command: Command, links: Collection[int] | None = None) -> None:
        """From now on take the blocks of this command, from each of these links once; by default from all."""
        self._command = command
        self._total = command.blocks
        self._credits = command.plan.credits(command.phase)
        self._taken = {link: TakenBlocks(self._total) for link in (self._all if links is None else links)}
        workload = command.plan.workload if command.phase is Phase.LOAD else None
        self._may_drop = workload is not None and workload.most_waiting is not None
        self._newest = -1
        # Links that drop different blocks have different blocks unanswered.
        self._fusion.expect(self._credits * (len(self._taken) if self._may_drop else 1), self._taken)

    def lose(self, link: int) -> list[Arrival]:
        """Expect no more blocks of a link; those that can be decoded now that nobody waits for it."""
        self._taken.pop(link, None)
        return [self._arrival(block) for block in self._fusion.lose(link)]

    def release(self, key: BlockKey) -> list[Arrival]:
        """The blocks up to this one that still wait, to be decoded with the links that are in."""
        return [self._arrival(block) for block in self._fusion.release(key)]

    def pass_over(self, session: LinkSession, block: SymbolBlock) -> list[Arrival | DroppedPart]:
        """The parts before this one that its device has dropped, each after the block if it is complete without it.

        A device sends the blocks of a pass in ascending order, so the numbers of a gap are dropped, where it may drop.

        Raises:
            ProtocolError: the block was not requested, or was sent before.
        """
        if not self._may_drop:
            return []
        key, link = block.key, session.link
        self._check_asked_for(link, block)
        passed: list[Arrival | DroppedPart] = []
        for number in range(self._taken[link].count, key.micro_batch):
            dropped = BlockKey(key.phase, key.step, number)
            self._taken[link].add(number)
            passed += [self._arrival(complete) for complete in self._fusion.drop(dropped, link)]
            passed.append(DroppedPart(dropped, link))
        return passed

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
        sent = sent_part(self._config, block) if session.contract.adapts and key.phase is Phase.SERVE else None
        fused = self._fusion.add(key, link, symbols, block.beta, block.channel, sent=sent)
        self._taken[link].add(key.micro_batch)
        if late:
            return LatePart(key, link)
        if fused is None and self._may_drop and key.micro_batch < self._newest:
            # A later block was handed on without this link, which must have the answer to this one before: do not wait.
            (fused,) = self._fusion.release(key)
        if fused is None:
            return None
        self._newest = max(self._newest, key.micro_batch)
        return Arrival(fused, block.sample_ids)

    def expects(self, link: int) -> bool:
        """Whether blocks of this link are still to come."""
        return link in self._taken and self._taken[link].count < self._total

    def waits_for_schedule(self, link: int) -> bool:
        """Whether blocks of this link are still to come, each at its own time."""
        if self._command is None or self._command.phase is not Phase.LOAD:
            return False
        workload = self._command.plan.workload
        return workload is not None and workload.is_open and self.expects(link)

    def _arrival(self, block: FusedBlock) -> Arrival:
        assert self._command is not None  # a block waits only where blocks were asked for
        key = block.key
        self._newest = max(self._newest, key.micro_batch)
        return Arrival(block, self._command.plan.block_ids(key.phase, key.step, key.micro_batch))

    def _check_asked_for(self, link: int, block: SymbolBlock) -> None:
        key, command = block.key, self._command
        wanted = command is not None and key.phase is command.phase and key.step == command.step
        if command is None or not wanted or key.micro_batch >= self._total or link not in self._taken:
            expected = f"{command}, micro-batch below {self._total}" if command and link in self._taken else "none"
            raise ProtocolError(f"{key} was not asked for: expected {expected}", Refusal.FAILED_PRECONDITION)
        if key.micro_batch in self._taken[link]:
            when = "twice, or after a later one" if self._may_drop else "twice"
            raise ProtocolError(f"{key}: link {link} sent it {when}", Refusal.FAILED_PRECONDITION)
        if not np.array_equal(block.sample_ids, command.plan.block_ids(key.phase, key.step, key.micro_batch)):
            raise ProtocolError(f"{key} is of other samples than the run's plan says", Refusal.FAILED_PRECONDITION)
