"""The place of each sample in time, for channels that change from sample to sample, whatever block it travels in."""

from dataclasses import dataclass

import numpy as np

from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.arrays import Int64
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.phases import Phase

_HALF = 1 << 32
_PERIOD = 1 << 62
"""Positions begin again here, so that those of a block fit int64 whatever sequence number a peer gives a query."""


@dataclass(frozen=True, slots=True)
class SamplePositions:
    """The places in time of the samples of a block: consecutive positions of one process.

    Processes are independent of each other: all training steps are one, and so is each pass.

    Attributes:
        phase: of the process.
        process: 0 in training; the pass's number, or the stream of live queries.
        first: position of the block's first sample.
        samples: B.
    """

    phase: Phase
    process: int
    first: int
    samples: int

    @property
    def values(self) -> Int64:
        """(B,) int64 positions."""
        return np.arange(self.first, self.first + self.samples, dtype=np.int64)


def sample_positions(config: RunConfig, key: BlockKey, samples: int) -> SamplePositions:
    """The positions of a block's samples.

    Args:
        config: the run's settings.
        key: of the block.
        samples: B.
    """
    if key.phase is Phase.TRAIN:
        batch, parts = config.training.batch_size, config.training.micro_batches
        # As `data.batches` divides a batch: the longer parts come first.
        in_step = key.micro_batch * (batch // parts) + min(key.micro_batch, batch % parts)
        return SamplePositions(key.phase, 0, (key.step * batch + in_step) % _PERIOD, samples)
    if key.phase is Phase.SERVE:
        position = key.step // _HALF * _HALF + key.micro_batch
        return SamplePositions(key.phase, key.step % _HALF, position % _PERIOD, samples)
    of_block = samples if key.phase is Phase.LOAD else config.inference.block_size
    return SamplePositions(key.phase, key.step, key.micro_batch * of_block, samples)
