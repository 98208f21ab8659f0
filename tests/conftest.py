"""What holds for every test."""

import hypothesis
import torch

from tests.toy_policies import toy_policies

__all__ = ["toy_policies"]  # a fixture of several folders

# A busy machine is slow, not wrong: neither a test nor the making of its examples has a time limit.
hypothesis.settings.register_profile(
    "splitwave", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("splitwave")

# Bitwise comparisons need equal thread counts.

torch.set_num_threads(1)
