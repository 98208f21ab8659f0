"""What real servers answer to a peer that is wrong: a precise status and message, and nothing left waiting."""

import asyncio
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from queue import SimpleQueue

import grpc
import numpy as np
import pytest
from grpc import aio
from grpc_health.v1 import health_pb2, health_pb2_grpc

from basestation.service import BaseStation
from common import messages as m
from common.config import RunConfig
from common.errors import AddressError, CheckpointError, ProtocolError, RunFailedError, UnreachableError
from common.pb import uplink_pb2 as pb
from common.pb import uplink_pb2_grpc
from common.plan import RunPlan
from common.rpc import CLIENT_OPTIONS
from common.server import DRAIN_GRACE_S, serving
from common.symbols import LinkContract
from common.wire_control import uplink_to_proto
from testbed.supervisor import GRACE_S
from tests.integration.raw_device import RawDevice, level_block, raw_device
from tests.integration.testbed import DIGEST, TEST, TRAIN, DeviceThread, run_distributed, running_channel, tiny_data

CONFIG = RunConfig.model_validate(
    {
        "links": 1,
        "encoder": {"dimension": 6},
        "quantizer": {"breakpoints": 6, "forward": "straight-through"},
        "training": {"epochs": 1, "batch_size": 16},
    }
)
IDS = RunPlan(CONFIG, TRAIN, TEST).block_ids(m.Phase.TRAIN, 0, 0)


class Servers:
    """A base station (its run may fail, which `failure` waits for) and a channel emulator in front of it."""

    def __init__(self, basestation: str, channel: str, run: "asyncio.Task[object]") -> None:
        self.addresses = {"base station": basestation, "channel": channel}
        self._run = run

    async def failure(self) -> str:
        with pytest.raises(RunFailedError) as error:
            await self._run
        return str(error.value)


@asynccontextmanager
async def servers(state_dir: Path, config: RunConfig = CONFIG) -> AsyncIterator[Servers]:
    bound: asyncio.Queue[str] = asyncio.Queue()
    stop = asyncio.Event()
    labels = tiny_data(config.links).labels
    basestation = BaseStation(config, labels, "127.0.0.1:0", state_dir, False, "run")
    run = asyncio.create_task(basestation.serve(bound.put_nowait, stop))
    address = await bound.get()
    async with running_channel(address) as channel:
        yield Servers(address, channel, run)
        stop.set()
        await asyncio.gather(run, return_exceptions=True)


def broken(change: Callable[[pb.SymbolBlock], None]) -> Callable[[LinkContract], pb.UplinkMessage]:
    """A good block, then broken as bytes on the wire could be."""

    def build(contract: LinkContract) -> pb.UplinkMessage:
        message = uplink_to_proto(level_block(contract, IDS), contract)
        change(message.block)
        return message

    return build


def wrong(**changes: object) -> Callable[[LinkContract], pb.UplinkMessage]:
    return lambda contract: uplink_to_proto(level_block(contract, IDS, **changes), contract)


def reals(value: float, dtype: int = pb.DTYPE_FLOAT32) -> Callable[[LinkContract], pb.UplinkMessage]:
    def build(contract: LinkContract) -> pb.UplinkMessage:
        payload = m.RealPayload(np.full((1, len(IDS), contract.dimension), value, dtype=np.float32))
        message = uplink_to_proto(level_block(contract, IDS, payload=payload), contract)
        message.block.reals.dtype = dtype  # type: ignore[assignment]
        return message

    return build


def set_field(name: str, value: object) -> Callable[[pb.SymbolBlock], None]:
    return lambda block: setattr(block, name, value)


BAD_BLOCKS = [
    (broken(lambda block: setattr(block.levels, "packed", b"\0")), "1 bytes of packed levels: expected 36"),
    (broken(set_field("dimension", 5)), "5 symbols a sample: expected 6"),
    (broken(set_field("samples", 15)), "36 bytes of packed levels: expected 34"),
    (broken(lambda block: setattr(block.levels, "codebook", b"")), "codebook version 0 was not sent on this stream"),
    (broken(lambda block: setattr(block.levels, "packed", b"\xff" * 36)), "level index 7 exceeds T = 6"),
    (broken(set_field("sequence", 3)), "block 3 came out of sequence: expected 0"),
    (reals(np.nan), "96 symbols are not finite"),
    (reals(0.5, dtype=9), "unknown dtype 9"),
    (wrong(link=4), "a block for link 4 came over link 0"),
]


@pytest.mark.parametrize(("build", "message"), BAD_BLOCKS, ids=[message for _, message in BAD_BLOCKS])
@pytest.mark.parametrize("server", ["base station", "channel"])
def test_a_bad_block_ends_its_stream_with_a_precise_status(
    server: str, build: Callable[[LinkContract], pb.UplinkMessage], message: str, tmp_path: Path
) -> None:
    async def scenario() -> None:
        async with servers(tmp_path) as running, raw_device(running.addresses[server], CONFIG) as device:
            await device.start_training()
            assert device.contract is not None
            await device.say(build(device.contract))
            code, details = await device.end()
            assert code == "INVALID_ARGUMENT"
            assert message in details
            assert "link 0 (device raw) was lost" in await running.failure()

    asyncio.run(scenario())


@pytest.mark.parametrize("server", ["base station", "channel"])
def test_blocks_that_were_not_asked_for_are_refused(server: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with servers(tmp_path) as running, raw_device(running.addresses[server], CONFIG) as device:
            await device.start_training()
            assert device.contract is not None
            await device.say(level_block(device.contract, IDS, key=m.BlockKey(m.Phase.TRAIN, 7, 0)))
            assert await device.end() == (
                "FAILED_PRECONDITION",
                "train step 7 micro-batch 0 was not asked for: expected train step 0, micro-batch below 1",
            )

    asyncio.run(scenario())


def _flood(address: str, first: m.SymbolBlock, rest: int) -> tuple[str, str]:
    """Send a block and, without a look at the answer, `rest` good ones behind it; what ended the stream."""
    contract = LinkContract.of(CONFIG, 0)
    outbox: SimpleQueue[pb.UplinkMessage | None] = SimpleQueue()
    outbox.put(uplink_to_proto(m.Hello(m.PROTOCOL_VERSION, "flood", "test", None, 4096)))
    with grpc.insecure_channel(address, options=CLIENT_OPTIONS) as grpc_channel:
        call = uplink_pb2_grpc.UplinkStub(grpc_channel).Connect(iter(outbox.get, None))
        next(call)
        outbox.put(uplink_to_proto(m.Ready(TRAIN, TEST, DIGEST)))
        next(call)
        outbox.put(uplink_to_proto(first, contract))
        known = m.LevelPayload(np.zeros((len(IDS), contract.dimension), dtype=np.uint8), 0, None)
        for sequence in range(1, rest + 1):
            outbox.put(uplink_to_proto(level_block(contract, IDS, sequence=sequence, payload=known), contract))
        try:
            for _ in call:
                pass
        except grpc.RpcError as error:
            return error.code().name, error.details() or ""
        finally:
            outbox.put(None)
    return "OK", ""


@pytest.mark.parametrize("server", ["base station", "channel"])
def test_the_status_of_a_refusal_survives_a_device_that_goes_on_sending(server: str, tmp_path: Path) -> None:
    """grpc.aio replaces a status by INTERNAL when a write follows it: seen in two of three runs without care."""
    stray = level_block(LinkContract.of(CONFIG, 0), IDS, key=m.BlockKey(m.Phase.TRAIN, 7, 0))

    async def scenario() -> tuple[str, str]:
        async with servers(tmp_path) as running:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(None, _flood, running.addresses[server], stray, 60)

    for _ in range(8):
        code, details = asyncio.run(scenario())
        assert (code, "was not asked for" in details) == ("FAILED_PRECONDITION", True)


def test_reports_and_parts_that_were_not_asked_for_are_refused(tmp_path: Path) -> None:
    async def scenario(body: m.Uplink) -> None:
        async with servers(tmp_path) as running, raw_device(running.addresses["channel"], CONFIG) as device:
            await device.start_training()
            await device.say(body)
            code, details = await device.end()
            assert (code, "that was not asked for" in details) == ("FAILED_PRECONDITION", True)

    nothing = np.zeros((0, 0), dtype=np.int64)
    asyncio.run(scenario(m.PassReport(m.Phase.TEST, m.Symbols.HARD, m.UplinkCost(24, 1, 1), (), nothing)))
    asyncio.run(scenario(m.PartSaved(0, "0" * 64)))


def test_a_device_that_leaves_as_soon_as_it_is_ready_fails_the_run(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with servers(tmp_path) as running:
            async with raw_device(running.addresses["base station"], CONFIG) as device:
                await device.shake_hands()
                await device.say(m.Ready(TRAIN, TEST, DIGEST))
            assert "link 0 (device raw) was lost" in await running.failure()

    asyncio.run(scenario())


async def _refused(device: RawDevice, hello: m.Hello) -> tuple[str, str]:
    await device.say(hello)
    return await device.end()


@pytest.mark.parametrize("server", ["base station", "channel"])
@pytest.mark.parametrize(
    ("hello", "code", "message"),
    [
        (
            m.Hello(2, "raw", "test", None, 4096),
            "FAILED_PRECONDITION",
            "version 2, this base station version 1",
        ),
        (m.Hello(1, "raw", "test", 1, 4096), "INVALID_ARGUMENT", "link 1 does not exist: this run has links 0 to 0"),
        (m.Hello(1, "raw", "test", None, 5), "FAILED_PRECONDITION", "at most 5 features, this run needs 6"),
    ],
)
def test_a_device_that_does_not_fit_the_run_is_refused(
    server: str, hello: m.Hello, code: str, message: str, tmp_path: Path
) -> None:
    async def scenario() -> None:
        async with servers(tmp_path) as running, raw_device(running.addresses[server], CONFIG) as device:
            answer = await _refused(device, hello)
            assert answer[0] == code
            assert message in answer[1]

    asyncio.run(scenario())


def test_more_devices_than_links_are_refused_and_a_freed_link_is_leased_again(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with servers(tmp_path) as running:
            address = running.addresses["channel"]
            async with raw_device(address, CONFIG) as first, raw_device(address, CONFIG) as second:
                await first.shake_hands()
                hello = m.Hello(1, "second", "test", None, 4096)
                assert await _refused(second, hello) == (
                    "RESOURCE_EXHAUSTED",
                    "all 1 links are leased: more devices than links",
                )
            while not await _leases_a_link(address):
                pass  # until the base station has noticed that the first device left

    asyncio.run(scenario())


async def _leases_a_link(address: str) -> bool:
    async with raw_device(address, CONFIG) as device:
        await device.say(m.Hello(1, "third", "test", None, 4096))
        try:
            await device.hear()
        except aio.AioRpcError:
            return False
        return True


def test_other_data_are_refused(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with servers(tmp_path) as running, raw_device(running.addresses["channel"], CONFIG) as device:
            await device.shake_hands()
            await device.say(m.Ready(TRAIN, TEST, "something else"))
            code, details = await device.end()
            assert code == "FAILED_PRECONDITION"
            assert "link 0 holds other data" in details

    asyncio.run(scenario())


def test_a_device_that_gives_up_says_why(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with servers(tmp_path) as running, raw_device(running.addresses["channel"], CONFIG) as device:
            await device.start_training()
            await device.say(m.Leaving("the sensor is on fire"))
            assert await device.end() == ("ABORTED", "it gave up: the sensor is on fire")
            assert await running.failure() == "link 0 (device raw) was lost: it gave up: the sensor is on fire"

    asyncio.run(scenario())


def test_training_that_diverges_says_so(tmp_path: Path) -> None:
    diverging = CONFIG.training.model_copy(update={"learning_rate": 1e30})
    config = CONFIG.model_copy(update={"training": diverging})

    async def scenario() -> BaseException | None:
        async with servers(tmp_path, config) as running:
            device = DeviceThread(running.addresses["channel"], None, tiny_data(1).views, tmp_path)
            await device.join()
            assert "training diverged" in await running.failure()
            return device.error

    assert "training diverged" in str(asyncio.run(scenario()))


def test_a_stream_that_does_not_begin_with_hello_is_refused(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with servers(tmp_path) as running, raw_device(running.addresses["base station"], CONFIG) as device:
            await device.say(m.Ready(1, 1, ""))
            assert await device.end() == ("INVALID_ARGUMENT", "a stream must begin with Hello, not Ready")

    asyncio.run(scenario())


def test_losing_a_device_in_training_fails_the_run_and_tells_the_others(tmp_path: Path) -> None:
    config = CONFIG.model_copy(update={"links": 2})

    async def scenario() -> None:
        async with servers(tmp_path, config) as running, raw_device(running.addresses["channel"], config) as stays:
            async with raw_device(running.addresses["channel"], config) as leaves:
                await leaves.shake_hands(link=1)
                await stays.shake_hands(link=0)
                for device in (leaves, stays):
                    await device.say(m.Ready(TRAIN, TEST, "test data"))
                await stays.hear()
            code, details = await stays.end()
            assert code == "ABORTED"
            assert details.startswith("the run failed: link 1 (device raw) was lost")
            assert "link 1 (device raw) was lost" in await running.failure()

    asyncio.run(scenario())


def test_stopping_the_base_station_ends_its_streams(tmp_path: Path) -> None:
    async def scenario() -> None:
        bound: asyncio.Queue[str] = asyncio.Queue()
        stop = asyncio.Event()
        basestation = BaseStation(CONFIG, tiny_data(1).labels, "127.0.0.1:0", tmp_path, False, "run")
        run = asyncio.create_task(basestation.serve(bound.put_nowait, stop))
        async with raw_device(await bound.get(), CONFIG) as device:
            await device.start_training()
            stop.set()
            assert await device.end() == ("ABORTED", "the run failed: the base station was stopped")
            assert await run is None

    asyncio.run(scenario())


def _run_device(address: str, tmp_path: Path, timeout_s: float) -> BaseException | None:
    async def scenario() -> BaseException | None:
        device = DeviceThread(address, None, tiny_data(1).views, tmp_path, connect_timeout_s=timeout_s)
        await device.join()
        return device.error

    return asyncio.run(scenario())


def free_address() -> str:
    """An address that nobody listens on: bound and released."""

    async def bind() -> str:
        async with serving("127.0.0.1:0", lambda _: None, []) as address:
            return address

    return asyncio.run(bind())


def test_a_device_retries_up_to_its_limit_and_says_whom_it_did_not_reach(tmp_path: Path) -> None:
    address = free_address()
    error = _run_device(address, tmp_path, 0.25)
    assert isinstance(error, UnreachableError)
    assert f"nobody at {address} took this device within 0.25 s" in str(error)


def test_an_unreachable_base_station_is_named_through_the_channel(tmp_path: Path) -> None:
    nowhere = free_address()

    async def scenario() -> BaseException | None:
        async with running_channel(nowhere) as address:
            device = DeviceThread(address, None, tiny_data(1).views, tmp_path, connect_timeout_s=0.25)
            await device.join()
            return device.error

    error = asyncio.run(scenario())
    assert isinstance(error, UnreachableError)
    assert f"the channel emulator cannot reach the base station at {nowhere}" in str(error)


def test_a_listener_that_never_speaks_is_given_up_at_the_limit(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        host, port = listener.getsockname()
        error = _run_device(f"{host}:{port}", tmp_path, 0.5)
    assert isinstance(error, UnreachableError)
    assert "accepted the connection, but sent no Welcome" in str(error)


def test_a_device_that_is_stopped_before_it_dials_ends(tmp_path: Path) -> None:
    async def scenario() -> BaseException | None:
        async with servers(tmp_path) as running:
            device = DeviceThread(running.addresses["channel"], None, tiny_data(1).views, tmp_path, start=False)
            device.client.stop()
            device.start()
            await device.join()
            return device.error

    assert asyncio.run(scenario()) is None


def test_a_checkpoint_of_other_settings_is_refused(tmp_path: Path) -> None:
    asyncio.run(run_distributed(CONFIG, tiny_data(1), tmp_path))
    other = CONFIG.model_copy(update={"encoder": CONFIG.encoder.model_copy(update={"dimension": 7})})
    with pytest.raises(CheckpointError, match="trained with encoder = dimension=6, this run has dimension=7"):
        asyncio.run(run_distributed(other, tiny_data(1), tmp_path, restore=True))


def test_servers_drain_before_a_supervisor_loses_patience() -> None:
    assert DRAIN_GRACE_S < GRACE_S


def test_a_refused_device_does_not_retry(tmp_path: Path) -> None:
    async def scenario() -> BaseException | None:
        async with servers(tmp_path) as running:
            device = DeviceThread(running.addresses["channel"], 3, tiny_data(1).views, tmp_path)
            await device.join()
            return device.error

    error = asyncio.run(scenario())
    assert isinstance(error, ProtocolError)
    assert "link 3 does not exist" in str(error)


def test_a_taken_port_is_an_error_that_names_it() -> None:
    async def scenario() -> None:
        async with serving("127.0.0.1:0", lambda _: None, []) as first:
            with pytest.raises(AddressError, match=f"cannot listen on {first}: the port is taken"):
                async with serving(first, lambda _: None, []):
                    pass

    asyncio.run(scenario())


def test_the_channel_answers_its_health_check() -> None:
    async def scenario() -> None:
        async with running_channel("127.0.0.1:1") as address, aio.insecure_channel(address) as grpc_channel:
            stub = health_pb2_grpc.HealthStub(grpc_channel)
            for service in ("", "splitwave.uplink.v1.Uplink"):
                answer = await stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=5)
                assert answer.status == health_pb2.HealthCheckResponse.SERVING

    asyncio.run(scenario())


@pytest.mark.parametrize("module", ["channel.service", "channel.__main__", "common.config_layers", "testbed.cli"])
def test_what_needs_no_torch_does_not_import_it(module: str) -> None:
    code = f"import sys, {module}; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
