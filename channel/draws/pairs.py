"""Symbols as reals: one each, or with QPSK and 16-QAM the pairs (2i, 2i + 1) of the last axis, which are I and Q.

The last of an odd number of reals has no partner, and is a symbol of its own.
"""

import numpy as np

from splitwave.common.protocol.arrays import Float32


def symbol_count(reals: int, in_pairs: bool) -> int:
    """How many symbols so many reals are."""
    return (reals + 1) // 2 if in_pairs else reals


def per_real(of_symbols: Float32, reals: int, in_pairs: bool) -> Float32:
    """(..., s) values of symbols as (..., d) values of their reals: each value of a pair twice."""
    return np.repeat(of_symbols, 2, axis=-1)[..., :reals] if in_pairs else of_symbols


def in_phase_and_quadrature(values: Float32) -> tuple[Float32, Float32]:
    """(..., d) reals as (..., ⌈d/2⌉) of I and of Q; a real without a partner is the I of Q = 0."""
    q = values[..., 1::2]
    if values.shape[-1] % 2:
        q = np.concatenate([q, np.zeros_like(values[..., :1])], axis=-1)
    return values[..., ::2], q
