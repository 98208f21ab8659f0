"""Random numbers as a function of their purpose, not of a hidden state (ADR 3).

Every draw comes from a counter-based Philox generator whose key and counter spell out the purpose and place of the
draw. Noise therefore does not depend on arrival order, process layout, reconnects or restarts.
"""

from enum import IntEnum
from typing import Any

import numpy as np
from numpy.random.bit_generator import ISeedSequence
from numpy.typing import NDArray

_WORD = 1 << 64
_HALF = 1 << 32


class Purpose(IntEnum):
    """The purpose of a draw. The numbers are part of the reproducibility contract: add, never renumber."""

    INITIALISATION = 1
    ENCODER_NOISE = 2
    CHANNEL_NOISE = 3
    FADING = 4
    BATCH_ORDER = 5
    LINK_DROPOUT = 6
    TRAINING_PSNR = 7
    TRAINING_BETA = 8
    SIMULATED_DATA = 9
    ARRIVALS = 10
    QUERY_ORDER = 11
    SHADOWING = 12
    ERASURES = 13
    PHASE_NOISE = 14
    OWN_NETWORK = 15
    VIEW_CROP = 16
    VIEW_NOISE = 17
    PILOT_NOISE = 18
    JITTER = 19
    DOWNLINK_NOISE = 20
    MIXTURE = 21


def generator(
    seed: int,
    purpose: Purpose,
    *,
    link: int = 0,
    phase: int = 0,
    step: int = 0,
    micro_batch: int = 0,
    draw: int = 0,
) -> np.random.Generator:
    """Return a generator that starts at the place in Philox's output that these coordinates name.

    Philox-4x64 has a 128-bit key, here (seed, purpose · 2³² + link), and a 256-bit counter, here
    (0, draw, phase · 2³² + micro_batch, step), whose lowest word counts the numbers drawn: two different
    coordinates never share a number until one has drawn 2⁶⁴ blocks.

    Args:
        seed: the run's seed, 0 ≤ seed < 2⁶⁴.
        purpose: of the numbers.
        link: index of the link, < 2³².
        phase: `common.protocol.phases.Phase` as a number, so that training and evaluation draws differ; < 2³².
        step: training step, epoch or block number, < 2⁶⁴.
        micro_batch: micro-batch within the step, < 2³².
        draw: which of the L noise draws, < 2⁶⁴.

    Raises:
        ValueError: a coordinate does not fit its place.
    """
    for name, value, limit in (
        ("seed", seed, _WORD),
        ("link", link, _HALF),
        ("phase", phase, _HALF),
        ("step", step, _WORD),
        ("micro_batch", micro_batch, _HALF),
        ("draw", draw, _WORD),
    ):
        if not 0 <= value < limit:
            raise ValueError(f"{name} = {value} does not fit [0, {limit})")
    key = np.array([seed, purpose * _HALF + link], dtype=np.uint64)
    counter = np.array([0, draw, phase * _HALF + micro_batch, step], dtype=np.uint64)
    return np.random.Generator(np.random.Philox(_Key(key), counter=counter))  # type: ignore[arg-type]  # not in its stubs


class _Key(ISeedSequence):
    """Hands Philox its key unchanged. If the key were passed as `key`, numpy would read entropy for an unused seed."""

    def __init__(self, key: NDArray[np.uint64]) -> None:
        self._key = key

    def generate_state(self, n_words: int, dtype: Any = np.uint32) -> NDArray[np.uint64]:
        assert (n_words, np.dtype(dtype)) == (len(self._key), self._key.dtype)
        return self._key
