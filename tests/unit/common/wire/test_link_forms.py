"""The forms of links on the wire: SetLink, and the blocks of adapted links."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from splitwave.common.errors import ProtocolError
from splitwave.common.protocol.blocks import BlockKey, LevelPayload, SilentPayload, SymbolBlock
from splitwave.common.protocol.link_setting import LinkSetting
from splitwave.common.protocol.messages import SetLink
from splitwave.common.protocol.phases import Phase
from splitwave.common.protocol.symbols import SymbolReader
from splitwave.common.wire.blocks import block_from_proto, block_to_proto
from splitwave.common.wire.downlink import downlink_from_proto, downlink_to_proto
from splitwave.common.wire.link_forms import MODULATIONS
from splitwave.common.wire.pb import uplink_pb2 as pb
from tests.unit.common.wire.examples import D, assert_equal_fields, contract_of

SERVE = BlockKey(Phase.SERVE, 0, 3)
ADAPTED = dataclasses.replace(contract_of(15), adapts=True)
IDS = np.arange(4, 5)
SETTINGS = st.builds(
    LinkSetting,
    beta=st.none() | st.floats(1e-9, 1e9),
    bits=st.none() | st.integers(1, 8),
    modulation=st.none() | st.sampled_from(sorted(MODULATIONS)),
    sends=st.booleans(),
)


def sent(block: SymbolBlock) -> pb.SymbolBlock:
    message = pb.SymbolBlock()
    block_to_proto(block, ADAPTED, message)
    return pb.SymbolBlock.FromString(message.SerializeToString())


def level_block(bits: int, codebook: list[float] | None = None, modulation: str | None = None) -> SymbolBlock:
    indices = np.arange(D, dtype=np.uint8)[None] % (1 << bits)
    levels = None if codebook is None else np.array(codebook, dtype=np.float32)
    return SymbolBlock(1, 0, SERVE, IDS, LevelPayload(indices, 0, levels), bits=bits, modulation=modulation)


def test_every_modulation_of_the_wire_has_a_name() -> None:
    assert {pb.MODULATION_UNSPECIFIED, *MODULATIONS.values()} == set(pb.Modulation.values())


@given(SETTINGS)
def test_settings_survive_the_wire(setting: LinkSetting) -> None:
    assert downlink_from_proto(downlink_to_proto(SetLink(setting))) == SetLink(setting)


@given(st.integers(1, 4), st.none() | st.sampled_from(sorted(MODULATIONS)))
def test_blocks_of_fewer_bits_survive_the_wire_in_fewer_bytes(bits: int, modulation: str | None) -> None:
    block = level_block(bits, list(np.linspace(-0.9 if bits < 4 else -1, 1, 1 << bits)), modulation)
    message = sent(block)
    assert len(message.levels.packed) == -(-D * bits // 8)
    assert_equal_fields(block_from_proto(message, ADAPTED), block)


@given(st.none() | st.floats(-100, 150))
def test_silent_blocks_survive_the_wire_and_are_read_as_zeros(psnr_db: float | None) -> None:
    block = SymbolBlock(1, 0, SERVE, IDS, SilentPayload(), measured_psnr_db=psnr_db)
    received = block_from_proto(sent(block), ADAPTED)
    assert_equal_fields(received, block)
    assert np.array_equal(SymbolReader(ADAPTED).read(received), np.zeros((1, 1, D), dtype=np.float32))


def test_each_number_of_bits_has_a_codebook_of_its_own() -> None:
    reader = SymbolReader(ADAPTED)
    full, coarse = list(np.linspace(-1, 1, 16)), [-0.5, 0.5]
    reader.read(level_block(4, full))
    reader.read(dataclasses.replace(level_block(1, coarse), sequence=1))
    for sequence, (bits, levels) in enumerate([(4, full), (1, coarse)], start=2):
        read = reader.read(dataclasses.replace(level_block(bits), sequence=sequence))
        assert np.array_equal(read[0, 0], np.array(levels, dtype=np.float32)[np.arange(D) % (1 << bits)])
    with pytest.raises(ProtocolError, match="codebook version 0 was not sent on this stream; it has -1"):
        reader.read(dataclasses.replace(level_block(2), sequence=4))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"bits": 5}, "5 bits a level: expected 1 to 4"),
        ({"bits": 0}, "0 bits a level: expected 1 to 4"),
        ({"modulation": 9}, "modulation 9: expected one of"),
        ({"silent": True}, "is silent and has symbols"),
        ({"measured_psnr_db": float("nan")}, "a measured PSNR of nan dB"),
        ({"bits": 1}, "2 bytes of packed levels: expected 1"),
    ],
)
def test_invalid_forms_are_refused(change: dict[str, object], message: str) -> None:
    block = sent(level_block(2, [-0.8, -0.2, 0.2, 0.8]))
    for name, value in change.items():
        setattr(block, name, value)
    with pytest.raises(ProtocolError, match=message):
        block_from_proto(block, ADAPTED)


@pytest.mark.parametrize(
    "block", [level_block(2), SymbolBlock(1, 0, SERVE, IDS, SilentPayload()), level_block(4, None, "qpsk")]
)
def test_links_that_are_not_adapted_say_nothing_of_how_they_send(block: SymbolBlock) -> None:
    with pytest.raises(ProtocolError, match="only serving blocks of adapted links do"):
        block_from_proto(sent(block), dataclasses.replace(ADAPTED, adapts=False))
    test = dataclasses.replace(block, key=BlockKey(Phase.TEST, 0, 0))
    with pytest.raises(ProtocolError, match="only serving blocks of adapted links do"):
        block_from_proto(sent(test), ADAPTED)


@pytest.mark.parametrize("levels", [[-1.1, 0.2], [0.2, -0.2], [float("nan"), 0.5]])
def test_merged_levels_ascend_within_the_amplitudes(levels: list[float]) -> None:
    with pytest.raises(ProtocolError, match="must ascend within -1 to 1"):
        block_from_proto(sent(level_block(1, levels)), ADAPTED)
