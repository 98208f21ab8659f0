"""How strong the noise of a link is, which in training may change from step to step."""

from common.config import RunConfig, noise_variance_at
from common.messages import Phase
from common.randomness import Purpose, generator


def noise_variance(config: RunConfig, link: int, phase: Phase, step: int) -> float:
    """σ² of the channel that a block meets.

    With `channel.training_psnr_db` it is that of the training step's PSNR, drawn anew for each (link, step), uniform
    in decibels, and the same for all micro-batches of the step, and for all links with
    `channel.training_psnr_shared`; in all other phases, or without a range, that of `channel.psnr_db`. The draw is
    keyed (ADR 3), so device and channel know it without telling each other.
    """
    bounds_db = config.channel.training_psnr_db
    if phase is not Phase.TRAIN or bounds_db is None:
        return config.noise_variance(link)
    low_db, high_db = bounds_db
    drawn_for = 0 if config.channel.training_psnr_shared else link
    rng = generator(config.seed, Purpose.TRAINING_PSNR, link=drawn_for, phase=phase, step=step)
    return noise_variance_at(rng.uniform(low_db, high_db))
