"""Divergences between normal distributions that the rate of a symbol consists of; nats."""

import math

from torch import Tensor


def noise_kl(noise_variance: float) -> float:
    """KL(N(0, σ²) ‖ N(0, 1)) = −½ log σ² + ½σ² − ½, nats.

    Raises:
        ValueError: unless σ² > 0.
    """
    if not noise_variance > 0:
        raise ValueError(f"noise variance {noise_variance}: the KL to N(0, 1) is finite only for σ² > 0")
    return 0.5 * (noise_variance - math.log(noise_variance) - 1)


def gaussian_kl(mu: Tensor, theta: Tensor, noise_variance: float | Tensor) -> Tensor:
    """KL(N(μ, θ² + σ²) ‖ N(0, 1)), the rate of an unquantized symbol (T = 0), exact.

    Args:
        mu: (...) means.
        theta: (...) standard deviations.
        noise_variance: σ² ≥ 0, one value or one a feature; θ² + σ² must be positive.
    """
    variance = theta.square() + noise_variance
    return 0.5 * (mu.square() + variance - variance.log() - 1)
