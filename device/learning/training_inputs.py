"""The inputs of training blocks, which depend on no weight and can be made before their step is announced."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from splitwave.common.config.run_config import RunConfig
from splitwave.common.learning.conditions import BlockConditions
from splitwave.common.protocol.arrays import Int64
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.phases import Phase
from splitwave.common.randomness import Purpose, generator
from splitwave.device.learning.link_conditions import LinkConditions
from splitwave.device.learning.link_samples import LinkSamples


@dataclass(frozen=True, slots=True)
class BlockInputs:
    """The inputs of one training block of B samples.

    Attributes:
        ids: (B,) places in the training split.
        conditions: β and noise variance of the samples.
        views: (B, features), on the encoder's device.
        noise: (B, d) standard normal e of the encoder, on the CPU.
    """

    ids: Int64
    conditions: BlockConditions
    views: Tensor
    noise: Tensor


class TrainingInputs:
    """Makes the inputs of training blocks when they are needed, or ahead of that."""

    def __init__(self, config: RunConfig, link: int, samples: LinkSamples, conditions: LinkConditions) -> None:
        """Args: the run's settings, the link, its samples and its conditions."""
        self._seed = config.seed
        self._dimension = config.encoder.dimension
        self._link = link
        self._samples = samples
        self._conditions = conditions
        self._prepared: dict[BlockKey, BlockInputs] = {}

    def prepare(self, step: int) -> None:
        """Make the inputs of a step's blocks; does nothing after the last step of the run."""
        plan = self._samples.plan
        if step < plan.steps:
            for number in range(plan.block_count(Phase.TRAIN, step)):
                key = BlockKey(Phase.TRAIN, step, number)
                if key not in self._prepared:
                    self._prepared[key] = self._make(key)

    def take(self, key: BlockKey) -> BlockInputs:
        """The inputs of a block, which is about to be encoded."""
        return self._prepared.pop(key, None) or self._make(key)

    def _make(self, key: BlockKey) -> BlockInputs:
        ids = self._samples.ids(key)
        views = self._samples.view(key.phase, ids)
        return BlockInputs(ids, self._conditions.of(key), views, self._encoder_noise(key, len(ids)))

    def _encoder_noise(self, key: BlockKey, samples: int) -> Tensor:
        rng = generator(
            self._seed,
            Purpose.ENCODER_NOISE,
            link=self._link,
            phase=key.phase,
            step=key.step,
            micro_batch=key.micro_batch,
        )
        return torch.from_numpy(rng.standard_normal((samples, self._dimension), dtype=np.float32))
