"""Testbeds that serve and carry out workloads."""

import math
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest

from splitwave.basestation.fusion.fusion_buffer import FusedBlock
from splitwave.basestation.learning.trainer import Trainer
from splitwave.basestation.run.policy import Policy
from splitwave.common.config.run_config import RunConfig
from splitwave.common.config.sections import HypernetworkSettings
from splitwave.common.protocol.phases import Phase
from splitwave.common.protocol.plan import RunPlan
from splitwave.common.protocol.workload import LinkStamps, Workload
from splitwave.common.tasks.task import Answers
from splitwave.common.wire.pb import control_pb2 as pb
from splitwave.testbed.control_client import ask_status, measure
from tests.integration.servers import CONFIG, Servers, servers
from tests.integration.testbed import DeviceThread, tiny_data
from tests.limits import LIMIT_S

PLAIN = CONFIG.model_copy(
    update={"links": 2, "inference": CONFIG.inference.model_copy(update={"latency_samples": 3, "block_size": 8})},
)
CONDITIONED = PLAIN.model_copy(update={"hypernetwork": HypernetworkSettings(beta=[1e-3, 1.0])})
IDLE = Policy(rejoin_s=math.inf, late_after_s=math.inf, serve_every_s=math.inf)
BUSY = Policy(rejoin_s=LIMIT_S, serve_every_s=0.001)

CLOSED = Workload(queries=17, samples=5, window=3, rate_per_s=0.0, seed=1)
OPEN = Workload(queries=12, samples=1, window=1, rate_per_s=1000.0, seed=1)


class Testbed:
    """A run that serves, with its devices."""

    __test__ = False

    def __init__(self, running: Servers, devices: list[DeviceThread]) -> None:
        self.devices = devices
        self._address = running.addresses["base station"]

    async def measure(self, load: Workload) -> list[LinkStamps]:
        return await measure(self._address, load)

    async def until(self, reached: Callable[[pb.RunStatus], bool]) -> pb.RunStatus:
        while not reached(status := await ask_status(self._address)):
            pass
        return status


@asynccontextmanager
async def serving_testbed(
    folder: Path, config: RunConfig = PLAIN, policy: Policy = IDLE, server: str = "channel"
) -> AsyncIterator[Testbed]:
    data = tiny_data(config.links)
    async with servers(folder, config, policy) as running:
        address = running.addresses[server]
        testbed = Testbed(running, [DeviceThread(address, link, data.views, folder) for link in range(config.links)])
        await testbed.until(lambda status: status.queries > 0)
        yield testbed
        running.stop.set()
        await running.run
        for device in testbed.devices:
            await device.join()
            assert device.error is None


class Hold:
    """Keeps the decoder from answering the queries of a load pass until `release`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._released = threading.Event()
        predict = Trainer.predict

        def held(trainer: Trainer, block: FusedBlock, plan: RunPlan | None = None) -> Answers:
            if block.key.phase is Phase.LOAD:
                self._released.wait()
            return predict(trainer, block, plan)

        monkeypatch.setattr(Trainer, "predict", held)
        monkeypatch.setattr(
            Trainer, "is_brief", lambda _trainer, _blocks: False
        )  # otherwise the event loop itself would wait

    def release(self) -> int:
        """Let the decoder answer; returns the time, in nanoseconds."""
        now_ns = time.perf_counter_ns()
        self._released.set()
        return now_ns


def column(stamps: LinkStamps, name: str) -> np.ndarray:
    return stamps.at_ns[:, stamps.names.index(name)]
