"""The noise variance of a link, which in training may change from step to step, and within a block."""

import numpy as np
from numpy.typing import NDArray

from splitwave.common.config.channel_settings import noise_variance_at
from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.phases import Phase
from splitwave.common.randomness import Purpose, generator


def noise_variances(config: RunConfig, link: int, phase: Phase, step: int) -> NDArray[np.float64]:
    """(T,) values of σ² that a block meets, each an equal share of it: sample i of n the value ⌊i·T/n⌋.

    With `channel.training_psnr_db` they are those of T = `channel.training_psnr_draws` PSNRs of the training step,
    drawn anew for each (link, step), or each step with `channel.training_psnr_shared`: one in each of T equal parts of
    the range in decibels, in an order that is drawn, too. In all other phases, or without a range, T = 1 and σ² is that
    of `channel.psnr_db`. Draws are keyed (ADR 3), so device and channel know them without telling each other.
    """
    channel = config.channel
    if phase is not Phase.TRAIN or channel.training_psnr_db is None:
        return np.array([config.noise_variance(link)])
    low_db, high_db = channel.training_psnr_db
    drawn_for = 0 if channel.training_psnr_shared else link
    rng = generator(config.seed, Purpose.TRAINING_PSNR, link=drawn_for, phase=phase, step=step)
    parts = channel.training_psnr_draws
    within = rng.random(parts)
    psnr_db = low_db + (high_db - low_db) * (rng.permutation(parts) + within) / parts
    return np.array([noise_variance_at(value) for value in psnr_db])


def draw_of_sample(values: int, samples: int) -> NDArray[np.int64]:
    """(B,): which of T = `values` values each of B = `samples` samples of a block meets."""
    return np.arange(samples, dtype=np.int64) * values // samples
