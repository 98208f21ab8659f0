"""A session of one device, without a network."""

from collections.abc import Callable
from itertools import count
from pathlib import Path

import numpy as np
import pytest

from splitwave.device.learning.views import Views
from splitwave.device.measurement.events import BlockObserver
from splitwave.device.session.session import DeviceSession


@pytest.fixture
def session(fresh: Callable[..., DeviceSession]) -> DeviceSession:
    return fresh()


@pytest.fixture
def fresh(tmp_path: Path) -> Callable[..., DeviceSession]:
    """Makes sessions that share a folder, each with the observers that it is called with."""
    rng = np.random.default_rng(0)
    views = Views(rng.random((16, 392), dtype=np.float32), rng.random((10, 392), dtype=np.float32), "digest")
    ticks = count(0, 1000)

    def make(*observers: BlockObserver) -> DeviceSession:
        return DeviceSession(
            device_id="dev", software="test", requested_link=None, state_dir=tmp_path,
            open_views=lambda _config, _link: views, clock=lambda: next(ticks), observers=observers,
        )  # fmt: skip

    return make
