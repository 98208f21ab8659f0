"""Bound `quadrature`: the rate D = KL(p(ẑ|x) ‖ N(0, 1)) itself in a training step, with its gradients written out.

`device.rate.mixture.kl_quadrature` is the definition, with which tests compare this module. With u = ẑ/σ,

    D = ½ Σ_t P(c_t) c_t² + KL(N(0, σ²) ‖ N(0, 1)) + h(N(0, 1)) − h(u|x),

where the last two terms are −I(Z̃; Ẑ | x), and only the entropy h(u|x) = −∫ m log m du of the mixture (13), which
is m(u) = Σ_t P(c_t) φ(u − c_t/σ), needs quadrature. On a smooth function that falls off at both ends the
trapezoidal rule converges faster than any power of its spacing, and its points serve all elements and levels: the
densities are one matrix, and values and gradients a product with it each. Neighbouring levels share points where
they overlap, so that there are fewer than Gauss–Hermite nodes of each level: for 16 levels at 10 dB, 37 points
give 10⁻⁸ nats; 16 nodes a level, 256 in all, 6·10⁻⁷.
"""

import math
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import Function, once_differentiable

from splitwave.device.quantization.cells import CellGradient, cell_blocks, inverse_scales_of, log
from splitwave.device.quantization.fused import Grid
from splitwave.device.rate.bound import Bound
from splitwave.device.rate.gaussian import noise_kl
from splitwave.device.rate.mixture import kl_quadrature

SPACING = 0.5
"""Between points, in σ. D is then within 2·10⁻⁶ nats of the definition: measured for T = 1, 3, 15, 255 and 0 to 40
dB, worst where neighbouring levels are 6 σ apart; 10⁻⁷ for T = 15 at 10 and 20 dB. A spacing of 1: 6·10⁻⁴."""

_REACH = 6.0
"""Distance from its level, in σ, within which a density counts: the mass beyond it is 2·10⁻⁹."""

_FAINTEST = 1e-10
"""Densities below are 0; at `_REACH`, and half a spacing beyond, they are above."""


class QuadratureBound:
    """D itself  [QML-IB, eq. (7)(13)]: no bound, but the rate that bounds lie above."""

    uses_batch_prior = False

    def definition(
        self, log_pmf: Tensor, levels: Tensor, noise_variance: float, _log_prior: Tensor | None = None, /
    ) -> Tensor:
        """`kl_quadrature` of (..., T + 1) log-probabilities and (T + 1,) levels: (...), nats."""
        return kl_quadrature(log_pmf.exp(), levels, noise_variance)

    def rate(
        self, mu: Tensor, theta: Tensor, grid: Grid, noise_variance: float, _log_prior: Tensor | None, /
    ) -> Tensor:
        """See `bound.Bound.rate`."""
        return quadrature_rate(mu, theta, grid.breakpoints, grid.levels, noise_variance)


QUADRATURE: Bound = QuadratureBound()


def quadrature_rate(mu: Tensor, theta: Tensor, breakpoints: Tensor, levels: Tensor, noise_variance: float) -> Tensor:
    """D = KL(p(ẑ|x) ‖ N(0, 1)), the rate that eq. (14) bounds  [QML-IB, eq. (7)(13)].

    Differentiable with respect to all tensors. Equal inputs give equal bits. Tensors must be on the CPU.

    Args:
        mu: (B, d) means.
        theta: (B, d) standard deviations, ≥ 10⁻⁸.
        breakpoints: (T,), non-decreasing.
        levels: (T + 1,) in [−1, 1].
        noise_variance: σ² > 0 of the link.

    Returns:
        The sum over batch and dimensions, a scalar, nats.
    """
    constant = noise_kl(noise_variance) + 0.5 * (math.log(2 * math.pi) + 1)
    rate = _Rate.apply(  # type: ignore[no-untyped-call]
        mu, theta, breakpoints, levels, noise_variance**0.5, torch.is_grad_enabled()
    )
    return cast(Tensor, rate) + mu.numel() * constant


class _Rate(Function):
    """Σ_t P(c_t) (½c_t² + ∫ φ(u − c_t/σ) log m(u) du), summed over batch and dimensions."""

    @staticmethod
    def forward(  # noqa: PLR0917 - autograd passes by position
        ctx: Any, mu: Tensor, theta: Tensor, breakpoints: Tensor, levels: Tensor, sigma: float, differentiate: bool
    ) -> Tensor:
        """The sum, a scalar. Its gradient is computed in the same pass, but for the factor that comes backward."""
        means, inverse_scales = mu.detach().flatten(), inverse_scales_of(theta)
        grid = _Grid(levels.detach(), sigma)
        gradient = CellGradient(inverse_scales, breakpoints)
        total = mu.new_zeros(())
        for block, cells in cell_blocks(means, inverse_scales, breakpoints, rows=grid.points):
            log_mixture = grid.evaluate(cells.pmf, out=cells.values)
            total += torch.dot(cells.pmf.flatten(), cells.values.flatten())
            if differentiate:
                gradient.add(block, cells)
                grid.add(cells.pmf, log_mixture)
        if differentiate:
            ctx.save_for_backward(*gradient.result(mu.shape), grid.gradient())
        return total

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_total: Tensor) -> tuple[Tensor | None, ...]:
        """Gradients of μ and θ, (B, d), breakpoints, (T,), and levels, (T + 1,)."""
        return *(gradient * grad_total for gradient in ctx.saved_tensors), None, None


class _Grid:
    """Points of u = ẑ/σ near any level, each level's density φ(u − c_t/σ) there, and the gradient of the levels."""

    def __init__(self, levels: Tensor, sigma: float) -> None:
        # In float64: at a high PSNR neighbouring points differ in digits that float32 does not have.
        centres = levels.double().numpy() / sigma
        steps = np.arange(-round(_REACH / SPACING), round(_REACH / SPACING) + 1)
        points = np.unique(np.rint(centres / SPACING)[:, None] + steps) * SPACING
        offsets = torch.from_numpy(points - centres[:, None])
        densities = torch.exp(-0.5 * offsets.square()) / math.sqrt(2 * math.pi)
        densities.masked_fill_(densities < _FAINTEST, 0)
        self._slopes = offsets.mul_(densities).mul_(SPACING / sigma)
        self._densities = densities.to(levels)
        self._levels = levels
        self._costs = 0.5 * levels.square().unsqueeze(1)
        self._mass = torch.zeros_like(levels)
        self._log_mixture = torch.zeros_like(self._densities)
        self._floor = torch.finfo(levels.dtype).tiny / _FAINTEST

    @property
    def points(self) -> int:
        """G, how many there are."""
        return self._densities.shape[1]

    def evaluate(self, pmf: Tensor, out: Tensor) -> Tensor:
        """Write ½c_t² + ∫ φ(u − c_t/σ) log m(u) du to `out`, (T + 1, n); return log m, (G, n).

        The former is ∂D/∂P(c_t) up to a constant, which no change of a pmf meets. Raises every P(c_t) so far above
        0 that none of its products with a density is a subnormal number, which are slow.
        """
        mixture = self._densities.T @ pmf.clamp_(min=self._floor)
        torch.addmm(self._costs, self._densities, log(mixture, out=mixture), alpha=SPACING, out=out)
        return mixture

    def add(self, pmf: Tensor, log_mixture: Tensor) -> None:
        """Take a block into the gradient, after `evaluate`."""
        self._mass += pmf.sum(1)
        self._log_mixture.addmm_(pmf, log_mixture.T)

    def gradient(self) -> Tensor:
        """∂D/∂c_t = P(c_t) (c_t + ∫ φ(u − c_t/σ) (u − c_t/σ)/σ · log m(u) du), summed over elements: (T + 1,)."""
        moments = (self._slopes * self._log_mixture).sum(1)
        return self._mass * self._levels + moments.to(self._levels)
