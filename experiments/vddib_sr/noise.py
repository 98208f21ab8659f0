"""The noise of the extractors, drawn from a keyed generator (ADR 3)."""

import numpy as np
import torch
from torch import Tensor

from splitwave.common.protocol.phases import Phase
from splitwave.common.randomness import Purpose, generator
from splitwave.experiments.vddib_sr.extractor import Features


def sample_features(features: Features, seed: int, link: int, step: int) -> Tensor:
    """Sample features mean + sigma·e, (B, f), with e ~ N(0, I) keyed by (seed, link, step)  [phase 1]."""
    rng = generator(seed, Purpose.ENCODER_NOISE, link=link, phase=Phase.TRAIN, step=step)
    noise = rng.standard_normal(tuple(features.mean.shape), dtype=np.float32)
    return torch.addcmul(features.mean, features.sigma, torch.from_numpy(noise))
