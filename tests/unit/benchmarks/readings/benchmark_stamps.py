"""Made-up load passes for the tests of what benchmarks compute from them."""

import numpy as np

from splitwave.common.protocol.workload import LinkStamps, Workload

NAMES = (
    "due", "started", "encoded", "packed", "sent", "channel_in", "channel_out", "arrived", "fused", "decoding",
    "decoded", "channel_back", "channel_down", "received",
)  # fmt: skip
MS = 1_000_000


def made_up(load: Workload, link: int, seed: int = 0) -> LinkStamps:
    """A link's stamps: each step of each query takes up to 2 ms, and queries follow one another or their schedule."""
    rng = np.random.Generator(np.random.Philox([seed, link]))
    steps = rng.integers(0, 2 * MS, (load.queries, len(NAMES)))
    steps[:, 0] = 0
    within = np.cumsum(steps, axis=1)
    begins = load.schedule_ns() if load.rate_per_s else np.concatenate([[0], np.cumsum(within[:-1, -1])])
    return LinkStamps(link, NAMES, 10**12 + begins[:, None] + within)
