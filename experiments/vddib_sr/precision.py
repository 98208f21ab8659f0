"""The precision of matrix multiplications in training steps."""

import torch


def training_precision(bf16: bool) -> torch.autocast:
    """Return a context that autocasts to bfloat16 if `bf16` and gradients are enabled; evaluation is always float32."""
    return torch.autocast("cpu", torch.bfloat16, enabled=bf16 and torch.is_grad_enabled())
