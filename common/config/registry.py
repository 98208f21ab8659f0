"""The implementations that settings name: each name stands here once, with the place of its implementation.

See `common.seam` for how packages of others add theirs. Nothing is imported before it is used.
"""

from splitwave.common.seam import Seam

_RATE_BOUNDS = "splitwave.device.rate.bounds"
BOUNDS: Seam[object] = Seam(
    "objective.bound",
    "splitwave.bounds",
    {
        "tight": f"{_RATE_BOUNDS}.tight:TIGHT",
        "paper": f"{_RATE_BOUNDS}.paper:PAPER",
        "prior": f"{_RATE_BOUNDS}.prior:PRIOR",
        "quadrature": f"{_RATE_BOUNDS}.quadrature:QUADRATURE",
    },
)
"""Each implements `device.rate.bound.Bound`."""
