"""A whole testbed inside the test process: real gRPC servers on port 0, devices in threads."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from grpc import aio

from splitwave.basestation.run.earlier_training import Resume
from splitwave.basestation.run.events import RunObserver
from splitwave.basestation.run.policy import Policy
from splitwave.basestation.run.run_context import Labels
from splitwave.basestation.service.base_station import Access, BaseStation
from splitwave.channel.control.live_control import LiveControl
from splitwave.common.config.run_config import RunConfig
from splitwave.common.data.views import row_view
from splitwave.common.protocol.messages import Downlink, TrainStep, Uplink
from splitwave.common.records.results import RunResult
from splitwave.common.runtime.rpc import DIAL_TIMEOUT_S, UPLINK_SERVICE
from splitwave.common.runtime.server import serving
from splitwave.common.runtime.tls_folder import TlsFolder
from splitwave.common.wire.pb import uplink_pb2_grpc
from splitwave.device.learning.views import HostedViews, SeparateViews, StackedViews, Views
from splitwave.device.session.host import DeviceHost
from splitwave.device.session.session import DeviceSession
from splitwave.device.uplink.client import UplinkClient
from tests.integration.emulators import emulator
from tests.limits import LIMIT_S

TRAIN, TEST = 70, 24
DIGEST = "test data"


@dataclass(frozen=True)
class TinyData:
    """A data set that is large enough to learn from, and small enough to train on in a second."""

    views: list[Views]
    labels: Labels


def tiny_data(links: int, seed: int = 7) -> TinyData:
    """Random images in ten loose clusters."""
    rng = np.random.default_rng(seed)
    prototypes = rng.integers(0, 256, (10, 28, 28))
    labels = rng.integers(0, 10, TRAIN + TEST)
    noise = rng.integers(-60, 61, (TRAIN + TEST, 28, 28))
    images = np.clip(prototypes[labels] + noise, 0, 255).astype(np.uint8)
    views = [
        Views(row_view(images[:TRAIN], links, link), row_view(images[TRAIN:], links, link), DIGEST)
        for link in range(links)
    ]
    return TinyData(views, Labels(labels[:TRAIN], labels[TRAIN:], DIGEST))


@asynccontextmanager
async def serving_uplink(service: uplink_pb2_grpc.UplinkServicer, tls: TlsFolder | None = None) -> AsyncIterator[str]:
    def register(server: aio.Server) -> None:
        uplink_pb2_grpc.add_UplinkServicer_to_server(service, server)

    async with serving("127.0.0.1:0", register, [UPLINK_SERVICE], tls) as address:
        yield address


@asynccontextmanager
async def running_channel(basestation: str, tls: TlsFolder | None = None) -> AsyncIterator[str]:
    async with emulator(basestation, LiveControl(), tls=tls) as address:
        yield address


def stack(views: Sequence[Views], links: Sequence[int]) -> StackedViews | SeparateViews:
    """The views that a process with these links loads."""
    if len({views[link].train.shape for link in links}) > 1:
        return SeparateViews(tuple(links), tuple(views[link] for link in links))
    train, test = (np.stack([getattr(views[link], split) for link in links]) for split in ("train", "test"))
    return StackedViews(tuple(links), train, test, views[0].data_digest)


class Pause:
    """Makes a device wait at the beginning of a step until `over` is set; the run cannot continue before that."""

    def __init__(self, step: int) -> None:
        self.step = step
        self.over = threading.Event()


class PausingSession(DeviceSession):
    def __init__(self, pause: Pause | None, **settings: Any) -> None:
        super().__init__(**settings)
        self._pause = pause

    def handle(self, message: Downlink, heard_ns: int | None = None) -> Iterator[Uplink]:
        if self._pause is not None and message == TrainStep(self._pause.step):
            self._pause.over.wait()
        return super().handle(message, heard_ns)


class DeviceThread:
    """A real device client in a thread, with one link or several.

    Attributes:
        error: its last error.
        attempts: how often it made its sessions.
        loads: how often it loaded its views.
    """

    def __init__(
        self,
        address: str,
        link: int | Sequence[int] | None,
        views: Sequence[Views],
        state_dir: Path,
        connect_timeout_s: float = LIMIT_S,
        dial_timeout_s: float = DIAL_TIMEOUT_S,
        start: bool = True,
        pause: Pause | None = None,
        tls: TlsFolder | None = None,
    ) -> None:
        self.error: BaseException | None = None
        self.attempts = self.loads = 0

        def load(_: RunConfig, links: Sequence[int]) -> StackedViews | SeparateViews:
            self.loads += 1
            return stack(views, links)

        requests = [link] if link is None or isinstance(link, int) else link
        hosted = HostedViews([each for each in requests if each is not None], load)

        def open_host() -> DeviceHost:
            self.attempts += 1
            sessions = [
                PausingSession(
                    pause,
                    device_id=f"thread-{requested}",
                    software="test",
                    requested_link=requested,
                    state_dir=state_dir,
                    open_views=hosted.open,
                    clock=time.perf_counter_ns,
                )
                for requested in requests
            ]
            return DeviceHost(sessions, lambda: hosted.stacked)

        self.client = UplinkClient(address, open_host, connect_timeout_s, dial_timeout_s, tls)
        self._thread = threading.Thread(target=self._run)
        if start:
            self.start()

    def start(self) -> None:
        self._thread.start()

    def _run(self) -> None:
        torch.set_num_threads(1)  # of this thread, as a device process does in its only one
        try:
            self.client.run()
        except BaseException as error:
            self.error = error

    async def join(self) -> None:
        await asyncio.get_running_loop().run_in_executor(None, self._thread.join)


async def run_distributed(
    config: RunConfig,
    data: TinyData,
    state_dir: Path,
    *,
    with_channel: bool = True,
    restore: bool = False,
    resume: Resume = Resume.NEVER,
    serve_every_s: float | None = None,
    checkpoint_every: int = 0,
    observers: Sequence[RunObserver] = (),
    keep_and_stop: asyncio.Event | None = None,
    links_a_stream: int = 1,
    certificates: Path | None = None,
) -> RunResult:
    """Run a base station, a channel emulator and K devices over real gRPC; raises the errors of devices.

    The devices have the certificate `device-any` of the folder `certificates`, if there is one.
    """
    addresses: asyncio.Queue[str] = asyncio.Queue()
    policy = Policy(checkpoint_every=checkpoint_every, serve_every_s=serve_every_s)
    basestation = BaseStation(
        config,
        data.labels,
        "127.0.0.1:0",
        state_dir,
        restore,
        "test-run",
        policy,
        observers=observers,
        resume=resume,
        access=Access(_party(certificates, "basestation")),
    )
    serving_run = asyncio.create_task(basestation.serve(addresses.put_nowait, asyncio.Event(), keep_and_stop))
    bound = asyncio.create_task(addresses.get())
    await asyncio.wait({serving_run, bound}, return_when=asyncio.FIRST_COMPLETED)
    if not bound.done():  # the base station failed before it served
        bound.cancel()
        serving_run.result()
    address = bound.result()
    async with _uplink(address, with_channel, _party(certificates, "channel")) as uplink:
        firsts = range(0, config.links, links_a_stream)
        hosted = [range(first, min(first + links_a_stream, config.links)) for first in firsts]
        devices = [
            DeviceThread(uplink, links, data.views, state_dir, tls=_party(certificates, "device-any"))
            for links in hosted
        ]
        try:
            result = await serving_run
        except BaseException:
            for device in devices:  # else they would wait for the base station to come back
                device.client.stop()
            raise
        for device in devices:
            await device.join()
            if device.error is not None:
                raise device.error
    assert result is not None
    return result


@asynccontextmanager
async def _uplink(basestation: str, with_channel: bool, tls: TlsFolder | None) -> AsyncIterator[str]:
    if not with_channel:
        yield basestation
        return
    async with running_channel(basestation, tls) as address:
        yield address


def _party(certificates: Path | None, name: str) -> TlsFolder | None:
    return None if certificates is None else TlsFolder(certificates / name)
