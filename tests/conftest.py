"""Settings for all tests."""

import hypothesis
import torch

from tests.toy_policies import toy_policies

__all__ = ["toy_policies"]  # a fixture of several folders

# No time limits for tests and the generation of their examples, so that they do not fail on a busy machine.
hypothesis.settings.register_profile(
    "splitwave", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("splitwave")

# Bitwise comparisons need equal thread counts.

torch.set_num_threads(1)
