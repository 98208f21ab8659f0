"""Sessions of live devices."""

from collections.abc import Iterator
from functools import partial

import pytest

from splitwave.device.live.model_receiver import ModelReceiver
from tests.unit.device.live.session_of_device import Device, Make


@pytest.fixture
def make() -> Iterator[Make]:
    receiver = ModelReceiver()
    yield partial(Device, receiver)
    receiver.close()
