"""One torch thread everywhere: bitwise comparisons need equal thread counts, and two cores are all there are."""

import torch

torch.set_num_threads(1)
