"""The emulator changes messages in place, and knows an upper bound of their size behind the channel."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from splitwave.channel.emulator import stream as stream_module
from splitwave.channel.emulator.port import EmulatedPort
from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import ProtocolError, Refusal
from splitwave.common.protocol.blocks import BlockKey, LevelPayload, RealPayload, SymbolBlock
from splitwave.common.protocol.link_contract import link_contract
from splitwave.common.protocol.messages import PROTOCOL_VERSION, Gradient, Ready, Uplink, Welcome
from splitwave.common.protocol.phases import Phase
from splitwave.common.wire.downlink import downlink_to_proto
from splitwave.common.wire.pb import uplink_pb2 as pb
from splitwave.common.wire.uplink import uplink_from_proto, uplink_to_proto
from tests.entry_points import add_entry_points

SAMPLES, DIMENSION = 6, 3


def config_of(draws: int) -> RunConfig:
    return RunConfig.model_validate({"encoder": {"dimension": DIMENSION}, "objective": {"draws": draws}})


def welcome(draws: int, link: int = 0) -> pb.DownlinkMessage:
    message = downlink_to_proto(Welcome(PROTOCOL_VERSION, "run", link, config_of(draws).canonical_json(), None))
    message.port = link
    return message


def test_a_model_that_the_base_station_names_is_imported_with_consent_alone(tmp_path: Path) -> None:
    settings = {"channel": {"model": ["splitwave.channel.models.awgn:AwgnChannel", "awgn"]}}
    named = Welcome(PROTOCOL_VERSION, "run", 0, RunConfig.model_validate(settings).canonical_json(), None)
    with pytest.raises(ProtocolError, match=r"channel\.model\[0\] = .*AwgnChannel, says the base station") as caught:
        EmulatedPort().pass_down(downlink_to_proto(named))
    assert caught.value.refusal is Refusal.FAILED_PRECONDITION
    EmulatedPort(tmp_path).pass_down(downlink_to_proto(named))


def block(phase: Phase = Phase.TEST, link: int = 0) -> SymbolBlock:
    rng = np.random.default_rng(link)
    if phase is Phase.TRAIN:
        values = rng.uniform(-1, 1, (1, SAMPLES, DIMENSION)).astype(np.float32)
        return SymbolBlock(link, 0, BlockKey(phase, 0, 0), np.array([4, 1, 9, 0, 2, 7]), RealPayload(values))
    indices = rng.integers(0, 16, (SAMPLES, DIMENSION), dtype=np.uint8)
    payload = LevelPayload(indices, 0, np.linspace(-1, 1, 16, dtype=np.float32))
    return SymbolBlock(link, 0, BlockKey(phase, 0, 0), np.arange(SAMPLES), payload)


def uplink(body: Uplink, link: int = 0, draws: int = 1) -> pb.UplinkMessage:
    message = uplink_to_proto(body, link_contract(config_of(draws), link))
    message.port = link
    return message


@pytest.mark.parametrize("draws", [1, 5])
@pytest.mark.parametrize("phase", [Phase.TRAIN, Phase.TEST])
def test_only_the_symbols_of_a_block_change_and_its_size_is_within_the_bound(phase: Phase, draws: int) -> None:
    port, sent = EmulatedPort(), block(phase)
    port.pass_down(welcome(draws))
    message = uplink(sent, draws=draws)
    limit = port.bytes_behind(message)

    assert port.pass_up(message)

    assert message.ByteSize() <= limit
    received = uplink_from_proto(message, link_contract(config_of(draws), 0))
    assert isinstance(received, SymbolBlock)
    assert isinstance(received.payload, RealPayload)
    assert received.payload.values.shape == (draws if phase is Phase.TRAIN else 1, SAMPLES, DIMENSION)
    assert (received.link, received.sequence, received.key) == (sent.link, sent.sequence, sent.key)
    np.testing.assert_array_equal(received.sample_ids, sent.sample_ids)


def test_other_messages_pass_unchanged_and_symbols_are_refused_before_the_handshake() -> None:
    port, ready = EmulatedPort(), uplink(Ready(4, 5, "digest"))
    before = ready.SerializeToString()
    assert port.bytes_behind(ready) == len(before)
    assert port.pass_up(ready)
    assert ready.SerializeToString() == before
    with pytest.raises(ProtocolError, match="before the handshake was over"):
        port.bytes_behind(uplink(block()))


@pytest.mark.parametrize("draws", [1, 2])
def test_gradients_are_returned_through_the_adjoint(draws: int) -> None:
    port = EmulatedPort()
    port.pass_down(welcome(draws))
    values = np.arange(draws * SAMPLES * DIMENSION, dtype=np.float32).reshape(draws, SAMPLES, DIMENSION)
    message = downlink_to_proto(Gradient(BlockKey(Phase.TRAIN, 0, 0), values))

    port.pass_down(message)

    assert message.gradient.values.draws == 1
    returned = np.frombuffer(message.gradient.values.data, dtype="<f4").reshape(1, SAMPLES, DIMENSION)
    np.testing.assert_array_equal(returned, values.sum(axis=0, keepdims=True))


def test_a_channel_model_that_cannot_be_loaded_is_refused_with_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_entry_points(tmp_path, monkeypatch, "[splitwave.channel_models]\nbroken = splitwave_broken:Model\n")
    settings = RunConfig.model_validate({"channel": {"model": ["broken", "awgn"]}}).canonical_json()
    message = downlink_to_proto(Welcome(PROTOCOL_VERSION, "run", 0, settings, None))

    with pytest.raises(
        ProtocolError, match=r"channel\.model = broken: splitwave_broken:Model cannot be loaded"
    ) as error:
        EmulatedPort().pass_down(message)

    assert error.value.refusal is Refusal.FAILED_PRECONDITION


class Upstream:
    """Records the ports of the messages that the emulator forwards."""

    def __init__(self) -> None:
        self.bundles: list[list[int]] = []

    async def write(self, bundle: pb.UplinkBundle) -> None:
        self.bundles.append([message.port for message in bundle.messages])

    async def done_writing(self) -> None:
        pass

    async def __aiter__(self) -> AsyncIterator[pb.DownlinkBundle]:
        yield pb.DownlinkBundle(messages=[welcome(1, link) for link in range(3)])


class Downstream:
    async def write(self, bundle: pb.DownlinkBundle) -> None:
        pass


@pytest.mark.parametrize(("limit", "expected"), [(10_000, [[0, 1, 2]]), (200, [[0], [1], [2]])])
def test_messages_that_exceed_one_bundle_behind_the_channel_are_forwarded_one_by_one(
    limit: int, expected: list[list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream_module, "MAX_MESSAGE_BYTES", limit)
    upstream = Upstream()
    stream = stream_module.EmulatedStream(upstream, Downstream(), lambda: None, lambda _: EmulatedPort())  # type: ignore[arg-type]

    async def blocks() -> AsyncIterator[pb.UplinkBundle]:
        yield pb.UplinkBundle(messages=[uplink(block(link=link), link) for link in range(3)])

    async def carry() -> None:
        await stream.carry_down()
        await stream.carry_up(pb.UplinkBundle(messages=[uplink(Ready(4, 5, "digest"))]), blocks())

    asyncio.run(carry())
    assert upstream.bundles == [[0], *expected]
