"""The rate in a training step, fast: the same values and gradients as the bounds' definitions.

How and why: see `quantization.fused`. Tensors must be on the CPU.
"""

from torch import Tensor

from splitwave.device.quantization.cells import cell_blocks, inverse_scales_of
from splitwave.device.quantization.fused import Grid
from splitwave.device.rate.bound import Bound


def bound_rate(
    mu: Tensor,
    theta: Tensor,
    grid: Grid,
    *,
    noise_variance: float,
    bound: Bound,
    log_prior: Tensor | None = None,
) -> Tensor:
    """The bound on the rate of the symbols of z ~ N(μ, θ²)  [QML-IB, eq. (14)].

    Differentiable with respect to μ, θ and the codebook. Equal inputs give equal bits.

    Args:
        mu: (B, d) means.
        theta: (B, d) standard deviations, ≥ 10⁻⁸.
        grid: the device's quantizer, of the same dtype.
        noise_variance: σ² > 0 of the link.
        bound: which upper bound, or the rate itself.
        log_prior: (d, T + 1) finite logarithms of the prior of a bound that uses one, taken as constants. None
            takes the batch's mean pmf: it minimises bound `prior`, whose own gradient thus vanishes (envelope theorem).

    Returns:
        The bound's sum over batch and dimensions, a scalar, nats.
    """
    if bound.uses_batch_prior and log_prior is None:
        log_prior = _batch_log_prior(mu, theta, grid.breakpoints)
    return bound.rate(mu, theta, grid, noise_variance, log_prior)


def _batch_log_prior(mu: Tensor, theta: Tensor, breakpoints: Tensor) -> Tensor:
    """Log of the batch's mean pmf, (d, T + 1)."""
    means, dimension = mu.detach().flatten(), mu.shape[1]
    mass = mu.new_zeros(len(breakpoints) + 1, dimension)
    for _, cells in cell_blocks(means, inverse_scales_of(theta), breakpoints, multiple=dimension):
        mass += cells.pmf.view(len(mass), -1, dimension).sum(1)
    return mass.div_(len(mu)).log_().T
