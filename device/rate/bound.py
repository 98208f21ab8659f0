"""The protocol of bounds on the rate of quantized symbols, and the bound of a name."""

from typing import Protocol, runtime_checkable

from torch import Tensor

from splitwave.common.config.registry import BOUNDS
from splitwave.common.errors import ConfigError
from splitwave.device.quantization.fused import Grid


@runtime_checkable
class Bound(Protocol):
    """An upper bound D* on the rate D = KL(p(ẑ|x) ‖ N(0, 1)) of a quantized symbol over an AWGN link, or D itself.

    Given x, a received symbol is the mixture Σ_t P(c_t) N(c_t, σ²) of T + 1 levels c_t  [QML-IB, eq. (13)]. A bound has
    two forms with equal values and gradients: `definition`, which states the equation in plain operations, and `rate`,
    which a training step computes. Both are in nats.
    """

    @property
    def uses_batch_prior(self) -> bool:
        """Whether the bound depends on the mean pmf of all samples of a step: then both forms get its logarithm."""

    def definition(
        self, log_pmf: Tensor, levels: Tensor, noise_variance: float, log_prior: Tensor | None = None, /
    ) -> Tensor:
        """The bound of each symbol; differentiable.

        Args:
            log_pmf: (..., T + 1) log-probabilities of the levels.
            levels: (T + 1,).
            noise_variance: σ² > 0.
            log_prior: (T + 1,) or (d, T + 1), for bounds that use it; without it they take the mean pmf of `log_pmf`,
                which is (B, d, T + 1).

        Returns:
            (...).
        """

    def rate(self, mu: Tensor, theta: Tensor, grid: Grid, noise_variance: float, log_prior: Tensor | None, /) -> Tensor:
        """The bound's sum over batch and dimensions for z ~ N(μ, θ²), a scalar.

        Differentiable with respect to μ, θ and the codebook. Equal inputs give equal bits. Tensors are on the CPU.

        Args:
            mu: (B, d) means.
            theta: (B, d) standard deviations, ≥ 10⁻⁸.
            grid: the device's quantizer, of the same dtype.
            noise_variance: σ² > 0 of the link.
            log_prior: (d, T + 1), taken as a constant; a tensor whenever `uses_batch_prior` holds.
        """


def bound_named(name: str) -> Bound:
    """The bound that `objective.bound` names.

    Raises:
        ConfigError: there is none of this name, or what is registered under it is no bound.
    """
    bound = BOUNDS.load(name)
    if not isinstance(bound, Bound):
        raise ConfigError(f"objective.bound = {name}: {bound!r} lacks a part of splitwave.device.rate.bound.Bound")
    return bound
