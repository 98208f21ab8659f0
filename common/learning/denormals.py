"""Denormal numbers, which processors compute with far more slowly than with others."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

_DENORMAL = 1e-310


@contextmanager
def denormals_as_zero() -> Iterator[None]:
    """Have this thread take denormal numbers, below 1.2·10⁻³⁸ in float32, for zero, where its processor can."""
    before = _DENORMAL * 1.0 == 0.0  # the state of the processor, for which torch has no question
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(before)
