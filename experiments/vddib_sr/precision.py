"""How precisely a training step multiplies matrices."""

import torch


def training_precision(bf16: bool) -> torch.autocast:
    """Autocast to bfloat16, if asked for and if gradients are taken: what is measured is float32's, always."""
    return torch.autocast("cpu", torch.bfloat16, enabled=bf16 and torch.is_grad_enabled())
