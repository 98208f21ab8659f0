"""Quantizer and rate in plain autograd, for comparison with `device.quantization.fused`."""

import math

import torch
from torch import Tensor

from splitwave.device.quantization.codebook import Codebook
from splitwave.device.quantization.pmf import symbol_log_pmf
from splitwave.device.quantization.quantizer import soft_quantize
from splitwave.device.rate.bounds.tight import TIGHT
from splitwave.device.rate.gaussian import noise_kl


def definitions(
    mu: Tensor,
    theta: Tensor,
    noise: Tensor,
    codebook: Codebook,
    *,
    gamma: float,
    noise_variance: float,
) -> tuple[Tensor, Tensor]:
    """The definitions of the quantizer and the rate, which are accurate in both tails of the distribution."""
    breakpoints = codebook.breakpoints()
    symbols = soft_quantize(mu + theta * noise, codebook.weights(), breakpoints, gamma)
    log_pmf = symbol_log_pmf(mu, theta, breakpoints)
    return symbols, TIGHT.definition(log_pmf, codebook.levels(), noise_variance).sum()


def as_printed(
    mu: Tensor,
    theta: Tensor,
    noise: Tensor,
    codebook: Codebook,
    *,
    gamma: float,
    noise_variance: float,
) -> tuple[Tensor, Tensor]:
    """The variant with the least arithmetic: the pmf as in eqs. (10)(11), which cancels in the upper tail."""
    weights, breakpoints, levels = codebook.weights(), codebook.breakpoints(), codebook.levels()
    z = mu + theta * noise
    symbols = (2 / math.pi * torch.atan(gamma * (z.unsqueeze(-1) - breakpoints)) * weights).sum(-1)
    distances = (breakpoints - mu.unsqueeze(-1)) / (theta.unsqueeze(-1) * math.sqrt(2))
    below = 0.5 * (1 + torch.erf(distances))
    edge = torch.zeros_like(below[..., :1])
    pmf = torch.cat([below, edge + 1], dim=-1) - torch.cat([edge, below], dim=-1)
    log_pmf = pmf.clamp_min(torch.finfo(pmf.dtype).tiny).log()
    rate = (pmf * (log_pmf + 0.5 * levels.square())).sum(-1) + math.log(len(levels)) + noise_kl(noise_variance)
    return symbols, rate.sum()
