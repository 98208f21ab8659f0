"""The seams that settings choose from: the names live here, the implementations where they belong."""

from collections.abc import Callable

from splitwave.common.seam import Seam

FUSION_POLICIES: Seam[Callable[[], object]] = Seam(
    "fusion.policy",
    "splitwave.fusion_policies",
    {"all": "splitwave.basestation.fusion.policies.all_links:AllLinks"},
)
"""When the base station has enough links of a block to decode it; see `basestation.fusion.fusion_policy`."""
