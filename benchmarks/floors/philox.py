"""The random-number floor: float32 standard normals per second from NumPy's Philox, drawn as the channel draws them."""

import time

import numpy as np

from splitwave.common.protocol.phases import Phase
from splitwave.common.randomness import Purpose, generator


def normals_per_s(samples: int, dimension: int, blocks: int) -> float:
    """Measure standard normals per second in blocks of (samples, dimension), with one keyed generator per block."""
    out = np.empty((samples, dimension), dtype=np.float32)
    _draw(out, 0)
    started = time.perf_counter()
    for number in range(blocks):
        _draw(out, number)
    return out.size * blocks / (time.perf_counter() - started)


def _draw(out: "np.ndarray[tuple[int, int], np.dtype[np.float32]]", number: int) -> None:
    rng = generator(0, Purpose.CHANNEL_NOISE, link=0, phase=Phase.TEST, step=0, micro_batch=number)
    rng.standard_normal(out=out, dtype=np.float32)
