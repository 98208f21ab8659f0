"""Synthetic stamps of load passes for the tests."""

import numpy as np

from splitwave.common.protocol.workload import LinkStamps, Workload

NAMES = (
    "due", "started", "encoded", "packed", "sent", "channel_in", "channel_out", "arrived", "fused", "decoding",
    "decoded", "channel_back", "channel_down", "received",
)  # fmt: skip
MS = 1_000_000


def synthetic_stamps(workload: Workload, link: int, seed: int = 0) -> LinkStamps:
    """Return stamps of a link whose steps take up to 2 ms each; queries follow one another or their schedule."""
    rng = np.random.Generator(np.random.Philox([seed, link]))
    steps = rng.integers(0, 2 * MS, (workload.queries, len(NAMES)))
    steps[:, 0] = 0
    within = np.cumsum(steps, axis=1)
    begins = workload.schedule_ns() if workload.rate_per_s else np.concatenate([[0], np.cumsum(within[:-1, -1])])
    return LinkStamps(link, NAMES, 10**12 + begins[:, None] + within)
