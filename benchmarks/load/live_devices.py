"""A serving station with its channel emulator, and device processes that programs reach through Unix sockets."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from grpc import aio

from splitwave.benchmarks.load.services import start_service
from splitwave.common.records.model_folder import device_folder
from splitwave.common.wire.pb import device_app_pb2 as pb
from splitwave.common.wire.pb import device_app_pb2_grpc
from splitwave.device.application.opening import EncoderKind
from splitwave.testbed.processes.supervisor import Supervisor

QUERY_TIMEOUT_S = 60.0
"""Applications of a benchmark begin when they are ready: the first query waits for the last of them."""
_READY_LIMIT_S = 300.0
_POLL_S = 0.002


@dataclass(frozen=True, slots=True)
class DeviceProcess:
    """A live device that serves programs.

    Attributes:
        address: of its socket, unix:PATH.
        pid: its process id.
        ready_s: seconds from just before its start to its first answer on the socket, its link being open then.
    """

    address: str
    pid: int
    ready_s: float


@asynccontextmanager
async def serving_station(model: Path, folder: Path) -> AsyncIterator[str]:
    """Serve a model folder, and yield the address of the channel emulator in front; `folder` is for logs."""
    folder.mkdir(parents=True, exist_ok=True)
    async with Supervisor(folder) as supervisor:
        serving = ["splitwave.basestation", f"--serve={model.resolve()}", f"--query-timeout={QUERY_TIMEOUT_S:g}"]
        station = await start_service(supervisor, "basestation", serving)
        channel = await start_service(supervisor, "channel", ["splitwave.channel", f"--connect={station.address}"])
        yield channel.address


@asynccontextmanager
async def device_processes(
    uplink: str, model: Path, links: int, encoder: EncoderKind, folder: Path
) -> AsyncIterator[list[DeviceProcess]]:
    """Start a device for each link, one after another so that no start delays the next, and stop them in the end.

    Args:
        uplink: HOST:PORT that they connect to.
        model: the model folder.
        links: how many.
        encoder: what computes their networks.
        folder: for logs.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="splitwave-") as sockets:  # the path of a socket must be short
        async with Supervisor(folder) as supervisor:
            common = ["splitwave.device", "run", f"--connect={uplink}", f"--encoder={encoder}", "--log-format=json"]
            yield [
                await _start(
                    supervisor, link, [*common, f"--model={model.resolve() / device_folder(link)}"], Path(sockets)
                )
                for link in range(links)
            ]


async def _start(supervisor: Supervisor, link: int, arguments: list[str], sockets: Path) -> DeviceProcess:
    role, path = f"device-{link}", sockets / f"{link}.sock"
    address = f"unix:{path}"
    started = time.monotonic()
    child = await supervisor.start(role, [*arguments, f"--serve-app={address}"])
    await supervisor.guard(asyncio.wait_for(_answer(path, address), _READY_LIMIT_S))
    return DeviceProcess(address, child.pid, time.monotonic() - started)


async def _answer(path: Path, address: str) -> None:
    """Wait until a device answers on its socket."""
    while not path.exists():  # gRPC would wait a second between its attempts to connect
        await asyncio.sleep(_POLL_S)
    async with aio.insecure_channel(address) as channel:
        device = device_app_pb2_grpc.DeviceAppStub(channel)
        await device.Describe(pb.DescribeRequest(), wait_for_ready=True)
