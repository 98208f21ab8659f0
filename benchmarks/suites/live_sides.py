"""The sides of the comparison of live queries; each measures one repetition, with processes of its own."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path

from splitwave.benchmarks.load.live_application import LiveLoad, submit_in_process, submit_through_socket
from splitwave.benchmarks.load.live_devices import device_processes
from splitwave.benchmarks.load.load_pass import LoadPass, run_pass
from splitwave.benchmarks.load.testbed_load import LoadedTestbed
from splitwave.benchmarks.load.worker_process import WorkerProcess, worker_process
from splitwave.benchmarks.machine.processes import Memory, has_torch, memory_of
from splitwave.benchmarks.readings.alternation import Side
from splitwave.benchmarks.readings.live_times import LinkTimes
from splitwave.benchmarks.suites.live_model import LiveModel
from splitwave.common.protocol.workload import Workload
from splitwave.common.records.model_folder import device_folder
from splitwave.device.application.opening import EncoderKind, LinkOptions

PASSES = "passes"
KINDS: tuple[EncoderKind, ...] = ("torch", "onnx")
SOCKET, PYTHON = "socket", "python"


@dataclass(frozen=True, slots=True)
class DeviceCost:
    """The cost of one device process: seconds from its start until it answers, and its memory after the queries."""

    ready_s: float
    memory: Memory


@dataclass(frozen=True, slots=True)
class Round:
    """One repetition of one side.

    Attributes:
        links: the times of each link.
        load_pass: the pass that they are of, if it was one.
        devices: the cost of each device process that a socket was on.
        with_torch: for each process with a device, whether it had loaded torch.
    """

    links: Sequence[LinkTimes]
    load_pass: LoadPass | None = None
    devices: Sequence[DeviceCost] = ()
    with_torch: Sequence[bool] = ()


@dataclass(frozen=True, slots=True)
class LiveSetup:
    """The testbed, the station and the load that all sides share.

    Attributes:
        testbed: carries out the passes.
        workload: of a pass; live queries are as many.
        warm_up: live queries before those that count.
        model: that the station serves.
        uplink: HOST:PORT of the channel emulator in front of the station.
        logs: folder for the logs of device processes.
    """

    testbed: LoadedTestbed
    workload: Workload
    warm_up: int
    model: LiveModel
    uplink: str
    logs: Path

    @property
    def links(self) -> int:
        """The number of links of the model."""
        return len(self.model.samples)

    def load(self, link: int, stream: int) -> LiveLoad:
        """The queries of one link in one repetition."""
        return LiveLoad(self.links, stream, self.warm_up, self.workload.queries, self.model.samples[link])


def live_sides(setup: LiveSetup) -> dict[str, Side[Round]]:
    """Return the passes, and the live queries of both kinds of devices through both interfaces."""
    streams = count()  # the station knows the queries of earlier repetitions, which must not come again
    sides: dict[str, Side[Round]] = {PASSES: partial(_pass, setup)}
    for kind in KINDS:
        sides[f"{kind}.{SOCKET}"] = partial(_through_sockets, setup, kind, streams)
        sides[f"{kind}.{PYTHON}"] = partial(_in_applications, setup, kind, streams)
    return sides


async def _pass(setup: LiveSetup) -> Round:
    done = await run_pass(setup.testbed, setup.workload)
    return Round([LinkTimes.of_pass(stamps) for stamps in done.links], load_pass=done)


async def _through_sockets(setup: LiveSetup, kind: EncoderKind, streams: "count[int]") -> Round:
    stream, logs = next(streams), setup.logs / kind
    async with (
        device_processes(setup.uplink, setup.model.folder, setup.links, kind, logs) as devices,
        _applications(setup.links) as applications,
    ):
        times = await asyncio.gather(
            *(
                application.run(submit_through_socket, device.address, setup.load(link, stream))
                for link, (application, device) in enumerate(zip(applications, devices, strict=True))
            )
        )
        costs = [DeviceCost(device.ready_s, memory_of(device.pid)) for device in devices]
        return Round(times, devices=costs, with_torch=[has_torch(device.pid) for device in devices])


async def _in_applications(setup: LiveSetup, kind: EncoderKind, streams: "count[int]") -> Round:
    stream = next(streams)
    options = [
        LinkOptions(setup.uplink, setup.model.folder / device_folder(link), encoder=kind, torch_threads=1)
        for link in range(setup.links)
    ]
    async with _applications(setup.links) as applications:
        times = await asyncio.gather(
            *(
                application.run(
                    submit_in_process,
                    options[link],
                    setup.load(link, stream),
                    setup.logs / f"{kind}-application-{link}.log",
                )
                for link, application in enumerate(applications)
            )
        )
        return Round(times, with_torch=[has_torch(application.pid) for application in applications])


@asynccontextmanager
async def _applications(links: int) -> AsyncIterator[list[WorkerProcess]]:
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(worker_process()) for _ in range(links)]
