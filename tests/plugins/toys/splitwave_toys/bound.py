"""A bound on the rate: the mean energy of the levels."""

from torch import Tensor

from splitwave.device.quantization.fused import Grid
from splitwave.device.quantization.pmf import symbol_log_pmf
from splitwave.device.rate.gaussian import noise_kl


class EnergyBound:
    """½ Σ_t P(c_t) c_t² + KL(N(0, σ²) ‖ N(0, 1)): the KL is convex, so it is at most its mean over the levels."""

    uses_batch_prior = False

    def definition(
        self, log_pmf: Tensor, levels: Tensor, noise_variance: float, _log_prior: Tensor | None = None, /
    ) -> Tensor:
        """(...) nats."""
        return 0.5 * (log_pmf.exp() * levels.square()).sum(-1) + noise_kl(noise_variance)

    def rate(
        self, mu: Tensor, theta: Tensor, grid: Grid, noise_variance: float, _log_prior: Tensor | None, /
    ) -> Tensor:
        """The sum over batch and dimensions, nats."""
        log_pmf = symbol_log_pmf(mu, theta, grid.breakpoints)
        return self.definition(log_pmf, grid.levels, noise_variance).sum()


ENERGY = EnergyBound()
