"""Real servers refuse invalid blocks and reports with a precise status, and nothing waits any longer."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue

import grpc
import numpy as np
import pytest

from splitwave.common.protocol.blocks import BlockKey, LevelPayload, RealPayload, SymbolBlock
from splitwave.common.protocol.link_contract import link_contract
from splitwave.common.protocol.messages import PROTOCOL_VERSION, Hello, PartSaved, Ready, Uplink
from splitwave.common.protocol.phases import Phase, Symbols
from splitwave.common.protocol.reports import PassReport, UplinkCost
from splitwave.common.protocol.symbols import LinkContract
from splitwave.common.runtime.rpc import CLIENT_OPTIONS
from splitwave.common.wire.pb import uplink_pb2 as pb
from splitwave.common.wire.pb import uplink_pb2_grpc
from splitwave.common.wire.uplink import uplink_to_proto
from tests.integration.raw_device import level_block, raw_device
from tests.integration.servers import CONFIG, IDS, servers
from tests.integration.testbed import DIGEST, TEST, TRAIN


def broken(change: Callable[[pb.SymbolBlock], None]) -> Callable[[LinkContract], pb.UplinkMessage]:
    """A function that makes a valid block, and then changes its protobuf message."""

    def build(contract: LinkContract) -> pb.UplinkMessage:
        message = uplink_to_proto(level_block(contract, IDS), contract)
        change(message.block)
        return message

    return build


def wrong(**changes: object) -> Callable[[LinkContract], pb.UplinkMessage]:
    return lambda contract: uplink_to_proto(level_block(contract, IDS, **changes), contract)


def reals(value: float, dtype: int = pb.DTYPE_FLOAT32) -> Callable[[LinkContract], pb.UplinkMessage]:
    def build(contract: LinkContract) -> pb.UplinkMessage:
        payload = RealPayload(np.full((1, len(IDS), contract.dimension), value, dtype=np.float32))
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
            await device.send(build(device.contract))
            code, details = await device.end()
            assert code == "INVALID_ARGUMENT"
            assert message in details
            failure = await running.failure()
            assert failure.startswith("link 0 (device raw) was lost: ")
            assert message in failure

    asyncio.run(scenario())


@pytest.mark.parametrize("server", ["base station", "channel"])
def test_blocks_that_were_not_requested_are_refused(server: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with servers(tmp_path) as running, raw_device(running.addresses[server], CONFIG) as device:
            await device.start_training()
            assert device.contract is not None
            await device.send(level_block(device.contract, IDS, key=BlockKey(Phase.TRAIN, 7, 0)))
            assert await device.end() == (
                "FAILED_PRECONDITION",
                "train step 7 micro-batch 0 was not asked for: expected train step 0, micro-batch below 1",
            )

    asyncio.run(scenario())


def _flood(address: str, first: SymbolBlock, rest: int) -> tuple[str, str]:
    """Send a block and `rest` valid ones without reading answers; returns status and message of the end."""
    contract = link_contract(CONFIG, 0)
    outbox: SimpleQueue[pb.UplinkBundle | None] = SimpleQueue()
    outbox.put(pb.UplinkBundle(messages=[uplink_to_proto(Hello(PROTOCOL_VERSION, "flood", "test", None, 4096))]))
    with grpc.insecure_channel(address, options=CLIENT_OPTIONS) as grpc_channel:
        call = uplink_pb2_grpc.UplinkStub(grpc_channel).Connect(iter(outbox.get, None))
        next(call)
        outbox.put(pb.UplinkBundle(messages=[uplink_to_proto(Ready(TRAIN, TEST, DIGEST))]))
        next(call)
        outbox.put(pb.UplinkBundle(messages=[uplink_to_proto(first, contract)]))
        known = LevelPayload(np.zeros((len(IDS), contract.dimension), dtype=np.uint8), 0, None)
        for sequence in range(1, rest + 1):
            outbox.put(
                pb.UplinkBundle(
                    messages=[uplink_to_proto(level_block(contract, IDS, sequence=sequence, payload=known), contract)]
                )
            )
        try:
            for _ in call:
                pass
        except grpc.RpcError as error:
            return error.code().name, error.details() or ""
        finally:
            outbox.put(None)
    return "OK", ""


@pytest.mark.parametrize("server", ["base station", "channel"])
def test_a_device_that_continues_to_send_still_receives_the_status_of_the_refusal(server: str, tmp_path: Path) -> None:
    """grpc.aio replaces a status by INTERNAL if a write follows it, which happened before the servers prevented it."""
    stray = level_block(link_contract(CONFIG, 0), IDS, key=BlockKey(Phase.TRAIN, 7, 0))

    async def scenario() -> tuple[str, str]:
        async with servers(tmp_path) as running:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(None, _flood, running.addresses[server], stray, 60)

    for _ in range(8):
        code, details = asyncio.run(scenario())
        assert (code, "was not asked for" in details) == ("FAILED_PRECONDITION", True)


def test_reports_and_parts_that_were_not_requested_are_refused(tmp_path: Path) -> None:
    async def scenario(body: Uplink) -> None:
        async with servers(tmp_path) as running, raw_device(running.addresses["channel"], CONFIG) as device:
            await device.start_training()
            await device.send(body)
            code, details = await device.end()
            assert (code, "that was not asked for" in details) == ("FAILED_PRECONDITION", True)

    nothing = np.zeros((0, 0), dtype=np.int64)
    asyncio.run(scenario(PassReport(Phase.TEST, Symbols.HARD, UplinkCost(24, 1, 1), (), nothing)))
    asyncio.run(scenario(PartSaved(0, "0" * 64)))


def test_a_device_that_leaves_as_soon_as_it_is_ready_fails_the_run(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with servers(tmp_path) as running:
            async with raw_device(running.addresses["base station"], CONFIG) as device:
                await device.shake_hands()
                await device.send(Ready(TRAIN, TEST, DIGEST))
            assert "link 0 (device raw) was lost" in await running.failure()

    asyncio.run(scenario())
