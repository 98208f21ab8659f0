"""What holds for every test."""

import hypothesis
import torch

# A busy machine is slow, not wrong.
hypothesis.settings.register_profile("splitwave", deadline=None)
hypothesis.settings.load_profile("splitwave")

# Bitwise comparisons need equal thread counts.

torch.set_num_threads(1)
