"""The encoding of blocks and gradients, and the refusal of invalid messages."""

import dataclasses
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import ProtocolError
from splitwave.common.protocol.arrays import Float32
from splitwave.common.protocol.blocks import BlockKey, LevelPayload, RealPayload, SymbolBlock
from splitwave.common.protocol.link_contract import link_contract
from splitwave.common.protocol.messages import (
    Gradient,
)
from splitwave.common.protocol.phases import Phase
from splitwave.common.wire.blocks import block_from_proto
from splitwave.common.wire.pb import uplink_pb2 as pb
from splitwave.common.wire.reals import reals_from_proto, reals_to_proto
from splitwave.common.wire.training import gradient_from_proto
from splitwave.common.wire.uplink import uplink_from_proto, uplink_to_proto
from splitwave.common.wire_dtype import WIRE_BITS, WireDtype
from tests.unit.common.wire.examples import (
    KEYS,
    D,
    assert_equal_fields,
    contract_of,
    encoded,
    encoded_gradient,
    level_block,
    real_block,
    refused,
    serialised,
)

_LARGEST_BFLOAT16 = float(np.uint32(0x7F7F0000).view(np.float32))
FLOATS = st.floats(-_LARGEST_BFLOAT16, _LARGEST_BFLOAT16, width=32)


@given(st.data(), st.integers(1, 255), st.booleans(), st.booleans())
def test_level_blocks_survive_the_wire(data: st.DataObject, breakpoints: int, consecutive: bool, new: bool) -> None:
    contract = contract_of(breakpoints)
    samples = data.draw(st.integers(1, 9))
    first = data.draw(st.integers(0, 2**32 - samples))
    ids = np.arange(first, first + samples)
    if not consecutive:
        ids = data.draw(hnp.arrays(np.int64, samples, elements=st.integers(0, 2**32 - 1)))
    indices = data.draw(hnp.arrays(np.uint8, (samples, D), elements=st.integers(0, breakpoints)))
    inner = np.sort(data.draw(hnp.arrays(np.float32, breakpoints - 1, elements=st.floats(-1, 1, width=32))))
    levels = np.concatenate([[-1], inner, [1]]).astype(np.float32) if new else None
    key = data.draw(KEYS)
    block = SymbolBlock(1, 7, key, ids, LevelPayload(indices, 2**63, levels))
    assert_equal_fields(uplink_from_proto(serialised(uplink_to_proto(block, contract)), contract), block)


@given(
    hnp.arrays(np.float32, st.tuples(st.integers(1, 3), st.integers(1, 6), st.just(D)), elements=FLOATS),
    KEYS,
    st.sampled_from(get_args(WireDtype)),
)
def test_real_blocks_and_gradients_survive_the_wire(values: Float32, key: BlockKey, dtype: WireDtype) -> None:
    contract = dataclasses.replace(contract_of(draws=len(values)), wire_dtype=dtype)
    block = SymbolBlock(1, 0, key, np.arange(values.shape[1]), RealPayload.rounded(values, dtype))
    assert_equal_fields(block_from_proto(encoded(block, contract), contract), block)
    gradient = Gradient.rounded(key, values, dtype)
    assert_equal_fields(gradient_from_proto(encoded_gradient(gradient), contract), gradient)


@pytest.mark.parametrize("dtype", get_args(WireDtype))
def test_real_symbols_arrive_read_only_and_take_the_bytes_of_their_dtype(dtype: WireDtype) -> None:
    message = pb.RealSymbols()
    reals_to_proto(real_block().payload.values, dtype, message)  # type: ignore[union-attr]
    assert len(message.data) == 4 * D * WIRE_BITS[dtype] // 8
    with pytest.raises(ValueError, match="read-only"):
        reals_from_proto(message, 4, D, dtype)[0, 0, 0] = 0


def test_every_wire_dtype_has_a_codec() -> None:
    for number in pb.Dtype.values():
        message = pb.RealSymbols(dtype=number, draws=1, data=bytes(4 * D))
        if number == pb.DTYPE_UNSPECIFIED:
            with pytest.raises(ProtocolError, match="unknown dtype 0"):
                reals_from_proto(message, 1, D, "float32")
        else:
            dtype: WireDtype = "float32" if number == pb.DTYPE_FLOAT32 else "bfloat16"
            samples = 32 // WIRE_BITS[dtype]
            assert reals_from_proto(message, samples, D, dtype).shape == (1, samples, D)


def test_a_dtype_that_is_not_the_runs_is_refused() -> None:
    contract = dataclasses.replace(contract_of(), wire_dtype="bfloat16")
    assert "dtype float32: expected bfloat16, the run's runtime.wire_dtype" in refused(
        encoded(real_block(), contract), contract
    )
    half = encoded_gradient(Gradient.rounded(real_block().key, np.ones((1, 4, D), np.float32), "bfloat16"))
    with pytest.raises(ProtocolError, match="dtype bfloat16: expected float32"):
        gradient_from_proto(half, contract_of())


def test_a_256_sample_block_of_4_bit_symbols_costs_at_most_1_05_of_its_packed_bytes() -> None:
    config = RunConfig()
    contract = link_contract(config, 1)
    payload = LevelPayload(np.zeros((256, 28), dtype=np.uint8), 3510, None)
    block = SymbolBlock(1, 4000, BlockKey(Phase.TEST, 0, 38), np.arange(9728, 9728 + 256), payload)
    assert uplink_to_proto(block, contract).ByteSize() <= 1.05 * 256 * 14
    single = SymbolBlock(
        1, 4000, BlockKey(Phase.SERVE, 0, 199), np.array([9728]), LevelPayload(payload.indices[:1], 3510, None)
    )
    assert uplink_to_proto(single, contract).ByteSize() - 14 <= 64


def test_a_wrong_byte_count_is_refused() -> None:
    contract = contract_of()
    message = encoded(level_block(), contract)
    message.levels.packed += b"\0"
    assert "9 bytes of packed levels: expected 8 for 4 × 5 symbols of 3 bits" in refused(message, contract)
    message = encoded(real_block(), contract)
    message.reals.data = message.reals.data[:-1]
    assert "79 bytes of real symbols: expected 80" in refused(message, contract)
    message = encoded(real_block(), contract)
    message.sample_ids = message.sample_ids[:-1]
    assert "15 bytes of sample ids: expected 16" in refused(message, contract)
    message = encoded(level_block(), contract)
    message.levels.codebook = message.levels.codebook[:-4]
    assert "24 bytes of codebook: expected 7 float32 levels" in refused(message, contract)


def test_a_wrong_shape_is_refused() -> None:
    contract = contract_of()
    message = encoded(level_block(), contract)
    message.dimension = 4
    assert "4 symbols a sample: expected 5" in refused(message, contract)
    for samples in (0, contract.max_samples + 1, 2**32 - 1):
        message = encoded(level_block(), contract)
        message.samples = samples
        assert f"{samples} samples in a block: expected 1 to 256" in refused(message, contract)
    message = encoded(real_block(), contract)
    message.reals.draws = 2**32 - 1
    assert "80 bytes of real symbols" in refused(message, contract)


def test_a_wrong_dtype_is_refused() -> None:
    message = encoded(real_block(), contract_of())
    message.reals.dtype = 7  # type: ignore[assignment]
    assert "unknown dtype 7" in refused(message, contract_of())


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_refused(value: float) -> None:
    contract = contract_of()
    block = real_block()
    assert isinstance(block.payload, RealPayload)
    block.payload.values[0, 2, 3] = value
    assert "1 symbols are not finite" in refused(encoded(block, contract), contract)
    levels = level_block()
    assert isinstance(levels.payload, LevelPayload)
    assert levels.payload.codebook is not None
    levels.payload.codebook[2] = value
    assert "levels must ascend from -1 to 1" in refused(encoded(levels, contract), contract)


@pytest.mark.parametrize("levels", [[-1, 0.5, 0.4, 0.6, 0.7, 0.8, 1], [-1.5, 0, 0, 0, 0, 0, 1], [-1, 0, 0, 0, 0, 0, 2]])
def test_a_codebook_that_does_not_ascend_from_minus_one_to_one_is_refused(levels: list[float]) -> None:
    payload = LevelPayload(np.zeros((4, D), dtype=np.uint8), 9, np.array(levels, dtype=np.float32))
    message = encoded(level_block(payload=payload), contract_of())
    assert "levels must ascend from -1 to 1" in refused(message, contract_of())


@given(st.sampled_from([Phase.SERVE, Phase.LOAD]), st.floats(5e-324, 1e300))
def test_the_block_of_a_query_carries_its_beta_without_rounding(phase: Phase, beta: float) -> None:
    contract = contract_of(conditioned=True)
    block = level_block(key=BlockKey(phase, 2, 1), samples=1, beta=beta)
    assert_equal_fields(uplink_from_proto(serialised(uplink_to_proto(block, contract)), contract), block)


def test_only_queries_of_beta_conditioned_networks_have_a_beta() -> None:
    conditioned, plain = contract_of(conditioned=True), contract_of()
    serving = BlockKey(Phase.SERVE, 0, 0)
    without = encoded(level_block(key=serving), conditioned)
    assert refused(without, conditioned) == "serve step 0 micro-batch 0 carries no β: expected the β of its encoder"
    assert block_from_proto(without, plain).beta is None
    for stray, contract in ((level_block(beta=0.5), conditioned), (level_block(key=serving, beta=0.5), plain)):
        assert "carries β = 0.5: expected none" in refused(encoded(stray, contract), contract)
    for beta in (np.nan, np.inf, 0.0, -1.0):
        message = encoded(level_block(key=serving, beta=beta), conditioned)
        assert f"β = {beta}: expected a finite number above 0" in refused(message, conditioned)


def test_a_gradient_for_another_number_of_draws_is_refused() -> None:
    gradient = Gradient(BlockKey(Phase.TRAIN, 0, 0), np.zeros((2, 4, D), dtype=np.float32))
    with pytest.raises(ProtocolError, match="a gradient for 2 noise draws: expected 1 or 3"):
        gradient_from_proto(encoded_gradient(gradient), contract_of(draws=3))


def test_a_block_without_symbols_with_an_unknown_phase_or_with_unexpected_levels_is_refused() -> None:
    contract = contract_of()
    message = encoded(level_block(), contract)
    message.ClearField("levels")
    assert "a block without symbols" in refused(message, contract)
    message = encoded(level_block(), contract)
    message.key.phase = 99  # type: ignore[assignment]
    assert "unknown phase 99" in refused(message, contract)
    with pytest.raises(ProtocolError, match="T = 0"):
        block_from_proto(encoded(level_block(), contract), contract_of(breakpoints=0))


def test_a_block_that_lacks_the_inputs_of_the_receiver_is_refused_with_the_setting() -> None:
    received = dataclasses.replace(contract_of(), dimension=D + 2, inputs=2)
    reason = "link 1 sent 5 symbols a sample without the state of its channel, which channel.receiver.inputs = true"
    assert refused(encoded(level_block(), contract_of()), received).startswith(reason)
    assert refused(encoded(level_block(), dataclasses.replace(contract_of(), dimension=4)), received) == (
        "4 symbols a sample: expected 7"
    )
