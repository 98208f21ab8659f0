"""The robust information bottleneck, as its variational bound is computed."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional


def index_entropy(scores: Sequence[Tensor]) -> Tensor:
    """H(index | x) in nats a symbol, the mean over links, samples and symbols of K × (B, d, M) logits: a scalar."""
    means = [-(each.log_softmax(-1) * each.softmax(-1)).sum(dim=-1).mean() for each in scores]
    return torch.stack(means).mean()


def robust_bottleneck(logits: Tensor, labels: Tensor, scores: Sequence[Tensor], entropy_weight: float) -> Tensor:
    """CE − λ·H(index | x): informative symbols, with redundancy against wrong decisions.

    Args:
        logits: (B, 10) of the decoder.
        labels: (B,) int64 classes.
        scores: K × (B, d, M) logits of the indices.
        entropy_weight: λ ≥ 0.
    """
    return functional.cross_entropy(logits, labels) - entropy_weight * index_entropy(scores)
