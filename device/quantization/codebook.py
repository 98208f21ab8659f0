"""A device's trainable quantizer parameters."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from splitwave.common.limits import MAX_BREAKPOINTS


class Codebook(nn.Module):
    """T weights and T breakpoints, which define T + 1 levels in [−1, 1]  [QML-IB, eq. (8)(9)].

    The paper trains b freely, and gradient steps may cross breakpoints; here b_1 and, through a softplus,
    the gaps are trained, so that b_1 ≤ … ≤ b_T by construction. It starts at the uniform quantizer:
    levels equally spaced, breakpoints midway between them.
    """

    def __init__(self, breakpoints: int) -> None:
        """The uniform quantizer with T = `breakpoints` breakpoints.

        Raises:
            ValueError: unless 1 ≤ T ≤ 255.
        """
        if not 1 <= breakpoints <= MAX_BREAKPOINTS:
            raise ValueError(f"a codebook has 1 to {MAX_BREAKPOINTS} breakpoints, not {breakpoints}")
        super().__init__()
        gap = 2 / breakpoints
        self.amplitudes = nn.Parameter(torch.ones(breakpoints))
        self.first = nn.Parameter(torch.full((1,), gap / 2 - 1))
        self.gaps = nn.Parameter(torch.full((breakpoints - 1,), math.log(math.expm1(gap))))

    def weights(self) -> Tensor:
        """w_t = a_t² / Σ_s a_s², half the step from level t to level t + 1: (T,), non-negative, sum 1."""
        squares = self.amplitudes.square()
        return squares / squares.sum()

    def breakpoints(self) -> Tensor:
        """b_1 ≤ … ≤ b_T, (T,)."""
        return torch.cat([self.first, functional.softplus(self.gaps)]).cumsum(0)

    def levels(self) -> Tensor:
        """c_1 = −1, c_{t+1} = c_t + 2 w_t, c_{T+1} = 1, both ends exact: (T + 1,), non-decreasing."""
        end = self.amplitudes.new_ones(1)
        inner = (2 * self.weights()[:-1].cumsum(0) - 1).clamp(max=1)
        return torch.cat([-end, inner, end])
