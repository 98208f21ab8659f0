"""A run with two links whose devices are controlled by the test."""

import math
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from grpc import aio

from splitwave.basestation.run.policy import Policy
from splitwave.common.protocol import messages as m
from splitwave.common.protocol.blocks import SymbolBlock
from splitwave.common.protocol.phases import Phase
from splitwave.common.protocol.plan import RunPlan
from splitwave.common.wire.pb import control_pb2 as pb
from splitwave.common.wire.pb.control_pb2_grpc import ControlStub
from tests.integration.raw_device import RawDevice, level_block, raw_device
from tests.integration.servers import CONFIG, Servers, servers
from tests.integration.testbed import DIGEST, TEST, TRAIN
from tests.limits import LIMIT_S

PATIENT = Policy(rejoin_s=LIMIT_S, give_up_s=math.inf)

TWO_LINKS = CONFIG.model_copy(
    update={
        "links": 2,
        "training": CONFIG.training.model_copy(update={"epochs": 4}),
        "inference": CONFIG.inference.model_copy(update={"latency_samples": 3}),
    }
)


@asynccontextmanager
async def two_raw_devices(
    folder: Path, policy: Policy, server: str = "channel"
) -> AsyncIterator[tuple[Servers, RawDevice, RawDevice]]:
    """Servers and two devices, which have received the command to begin step 0."""
    async with servers(folder, TWO_LINKS, policy) as running:
        address = running.addresses[server]
        async with raw_device(address, TWO_LINKS) as first, raw_device(address, TWO_LINKS) as second:
            for link, device in enumerate((first, second)):
                await device.shake_hands(link=link)
                await device.send(m.Ready(TRAIN, TEST, DIGEST))
            for device in (first, second):
                assert await device.receive() == m.TrainStep(0)
            yield running, first, second


def first_block(device: RawDevice) -> SymbolBlock:
    assert device.contract is not None
    return level_block(device.contract, RunPlan(TWO_LINKS, TRAIN, TEST).block_ids(Phase.TRAIN, 0, 0))


async def link_status(running: Servers, reached: Callable[[Sequence[pb.LinkStatus]], bool]) -> Sequence[pb.LinkStatus]:
    """Poll the status of the links until `reached` accepts it, and return it."""
    async with aio.insecure_channel(running.addresses["base station"]) as grpc_channel:
        stub = ControlStub(grpc_channel)
        while not reached(links := (await stub.GetStatus(pb.GetStatusRequest(), timeout=LIMIT_S)).links):
            pass
        return links
