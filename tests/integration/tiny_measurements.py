"""A few samples of a simulated data set."""

import numpy as np

from splitwave.basestation.run.run_context import Labels
from splitwave.common.data.simulated import Simulation
from splitwave.common.data.views import row_view
from splitwave.device.learning.views import Views
from tests.integration.testbed import DIGEST, TEST, TRAIN, TinyData


def tiny_measurements(simulation: Simulation, links: int, seed: int = 7) -> TinyData:
    """A few samples of a simulated data set, which itself has tens of thousands."""
    rng = np.random.default_rng(seed)
    images, delays_ns = simulation.measure(simulation.propagation, TRAIN + TEST, rng)
    images = images.reshape(-1, *simulation.IMAGE_SHAPE)
    views = [
        Views(row_view(images[:TRAIN], links, link), row_view(images[TRAIN:], links, link), DIGEST)
        for link in range(links)
    ]
    return TinyData(views, Labels(delays_ns[:TRAIN], delays_ns[TRAIN:], DIGEST))
