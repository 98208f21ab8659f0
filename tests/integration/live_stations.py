"""A station that answers live queries, models for it, and live devices that tests control message by message."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from splitwave.basestation.service.base_station import Access
from splitwave.basestation.service.serving_station import ServingStation
from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.arrays import Float32
from splitwave.common.protocol.blocks import BlockKey, LevelPayload, SymbolBlock
from splitwave.common.protocol.link_contract import link_contract
from splitwave.common.protocol.live_messages import ModelChunk, ModelReady, QueryAnswer, Reencode, UseModel
from splitwave.common.protocol.messages import PROTOCOL_VERSION, Downlink, Hello, SetLink, Welcome
from splitwave.common.protocol.query_name import QueryName
from splitwave.common.runtime.tls_folder import TlsFolder
from splitwave.device.inference.torch_encoder import TorchEncoder
from splitwave.experiments.api.networks import Networks
from splitwave.experiments.export.folder import ModelWriter
from splitwave.experiments.export.settings import conditions_of, input_of
from splitwave.experiments.export.signing import Signer
from tests.integration.raw_device import RawDevice, raw_device
from tests.integration.testbed import running_channel
from tests.limits import LIMIT_S


def export(
    config: RunConfig, folder: Path, weights_seed: int = 0, *, as_input: bool = False, int8: bool = False
) -> Networks:
    """Write a model of these settings whose fresh weights are drawn by another seed; its networks."""
    networks = Networks(config.model_copy(update={"seed": weights_seed}))
    folder.mkdir()
    signer = Signer(Ed25519PrivateKey.generate())
    calibration = {link: _calibration(config, link) for link in range(config.links)} if int8 else None
    ModelWriter(folder, config, conditions_of(config, as_input=as_input), networks).write(signer, calibration)
    return networks


def _calibration(config: RunConfig, link: int) -> Float32:
    """Samples that set the ranges of a graph with 8 bits."""
    return np.random.default_rng(link).random((8, input_of(config, link).features), dtype=np.float32)


@dataclass(frozen=True)
class Served:
    """A running station; devices connect to `uplink`."""

    address: str
    uplink: str


@asynccontextmanager
async def station(
    model: Path,
    *,
    with_channel: bool = True,
    query_timeout_s: float = LIMIT_S,
    ready_limit_s: float = LIMIT_S,
    certificates: Path | None = None,
    testbed: str | None = None,
    listen: str = "127.0.0.1:0",
) -> AsyncIterator[Served]:
    """Serve a model, in plaintext or with the certificates in a folder, perhaps for one testbed's devices alone."""
    tls, channel_tls = (
        None if certificates is None else TlsFolder(certificates / name) for name in ("basestation", "channel")
    )
    bound: asyncio.Queue[str] = asyncio.Queue()
    stop = asyncio.Event()
    serving = asyncio.create_task(
        ServingStation(
            model,
            listen,
            "station",
            query_timeout_s=query_timeout_s,
            ready_limit_s=ready_limit_s,
            access=Access(tls, testbed=testbed),
        ).serve(bound.put_nowait, stop)
    )
    announced = asyncio.create_task(bound.get())
    await asyncio.wait({serving, announced}, return_when=asyncio.FIRST_COMPLETED)
    if serving.done():
        announced.cancel()
        serving.result()
    async with AsyncExitStack() as stack:
        address = announced.result()
        uplink = await stack.enter_async_context(running_channel(address, channel_tls)) if with_channel else address
        yield Served(address, uplink)
    stop.set()
    await serving


class LiveDevice:
    """A live device: it loads the models that it is sent, and sends parts of queries.

    Attributes:
        answers: the outcomes of its parts, in their order.
        used: the numbers of the models that it was asked to use.
        current: the model in use.
        refusal: its answer to models from here on, which it does not load; empty for none.
        changed: set when it has handled a message.
    """

    def __init__(self, raw: RawDevice, folder: Path) -> None:
        self.raw = raw
        self.answers: list[QueryAnswer] = []
        self.used: list[int] = []
        self.current = 0
        self.refusal: str | None = None
        self._folder = folder
        self._encoders: dict[int, TorchEncoder] = {}
        self._samples: dict[BlockKey, Float32] = {}
        self._sequence = 0
        self._codebook = (0, 0)  # the model of the last one that was sent, and its version
        self._sending = asyncio.Lock()
        self.changed = asyncio.Event()

    async def join(self, link: int | None, version: str = "") -> Welcome:
        await self.raw.send(Hello(PROTOCOL_VERSION, f"live-{link}", "test", link, 4096, version))
        welcome = await self.raw.receive()
        assert isinstance(welcome, Welcome)
        config = RunConfig.from_handshake(welcome.settings_json)
        self.raw.contract = link_contract(config, welcome.link)
        self.current = welcome.model_number
        return welcome

    async def load(self, number: int, folder: Path) -> None:
        """Load a model that the device has already."""
        self._encoders[number] = TorchEncoder.open(folder)
        async with self._sending:
            await self.raw.send(ModelReady(number))

    async def submit(self, name: QueryName, x: Float32) -> None:
        """Send a part of a query, encoded with the model in use."""
        self._samples[name.key] = x
        await self._send(name.key)

    async def listen(self) -> None:
        """Do what the station says, until the task is cancelled."""
        while True:
            await self._handle(await self.raw.receive())
            self.changed.set()

    async def listen_until(self, reached: int) -> list[QueryAnswer]:
        """Follow the messages of the station until this device has `reached` outcomes."""
        async with asyncio.timeout(LIMIT_S):
            while len(self.answers) < reached:
                await self._handle(await self.raw.receive())
        return self.answers

    async def listen_for_models(self, ready: int) -> None:
        """Follow the messages of the station until this device has loaded `ready` models."""
        async with asyncio.timeout(LIMIT_S):
            while len(self._encoders) < ready:
                await self._handle(await self.raw.receive())

    async def listen_for_beta(self, beta: float) -> None:
        """Follow the messages of the station until the next part is encoded under this β."""
        async with asyncio.timeout(LIMIT_S):
            while self._encoders[self.current].serving_beta != beta:
                await self._handle(await self.raw.receive())

    async def _handle(self, message: Downlink) -> None:
        match message:
            case QueryAnswer():
                self.answers.append(message)
            case ModelChunk():
                await self._take(message)
            case UseModel():
                self.used.append(message.number)
                self.current = message.number
            case Reencode():
                await self._send(message.key, message.model)
            case SetLink():
                assert message.setting.beta is not None
                self._encoders[self.current].set_beta(message.setting.beta)
            case other:
                raise AssertionError(other)

    async def _take(self, chunk: ModelChunk) -> None:
        folder = self._folder / str(chunk.number)
        folder.mkdir(exist_ok=True, parents=True)
        with (folder / chunk.file).open("ab") as file:
            file.write(chunk.data)
        if chunk.last and self.refusal is None:
            await self.load(chunk.number, folder)
        elif chunk.last and self.refusal:
            await self.raw.send(ModelReady(chunk.number, self.refusal))

    async def _send(self, key: BlockKey, model: int | None = None) -> None:
        """Send a part, one at a time: blocks are numbered, and a stream takes one write."""
        async with self._sending:
            await self.raw.send(self._block(key, self.current if model is None else model))

    def _block(self, key: BlockKey, model: int) -> SymbolBlock:
        encoder = self._encoders[model]
        payload = encoder.encode(self._samples[key])
        if isinstance(payload, LevelPayload):  # a codebook that the stream has not is of a new version
            of, version = self._codebook
            if model != of:
                self._codebook = (model, version + 1)
                payload = replace(payload, codebook_version=version + 1)
            else:
                payload = replace(payload, codebook_version=version, codebook=None)
        self._sequence += 1
        link = encoder.contract.link
        ids = np.zeros(1, dtype=np.int64)
        return SymbolBlock(link, self._sequence - 1, key, ids, payload, encoder.serving_beta, model)


@asynccontextmanager
async def live_devices(
    served: Served, config: RunConfig, folder: Path, links: Sequence[int], tls: TlsFolder | None = None
) -> AsyncIterator[list[LiveDevice]]:
    """Live devices that have joined without a model, and loaded the station's."""
    async with AsyncExitStack() as stack:
        devices = []
        for link in links:
            raw = await stack.enter_async_context(raw_device(served.uplink, config, tls))
            device = LiveDevice(raw, folder / f"received-{link}")
            await device.join(link)
            devices.append(device)
        for device in devices:
            await device.listen_for_models(1)
        yield devices
