"""The check that an adjoint is one."""

import numpy as np

from splitwave.common.protocol.arrays import Float32
from tests.unit.channel.models.laws import Doubles


def check_transpose(symbols: Float32, ahead: Doubles, at_zero: Doubles, gradient: Float32, back: Doubles) -> None:
    """Check ⟨C(z) − C(0), g⟩ = ⟨z, Aᵀg⟩, within a few roundings of each product."""
    terms = np.sum(np.abs(gradient) * (np.abs(ahead) + np.abs(at_zero))) + np.sum(np.abs(symbols) * np.abs(back))
    tolerance = 4 * np.finfo(np.float32).eps * terms
    np.testing.assert_allclose(((ahead - at_zero) * gradient).sum(), (symbols * back).sum(), rtol=0, atol=tolerance)
