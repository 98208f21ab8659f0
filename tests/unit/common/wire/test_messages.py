import enum
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import ProtocolError
from splitwave.common.protocol import messages as m
from splitwave.common.protocol.symbols import LinkContract, SymbolReader
from splitwave.common.protocol.workload import Workload
from splitwave.common.tasks.task import Answers
from splitwave.common.wire.blocks import (
    block_from_proto,
    gradient_from_proto,
    reals_from_proto,
    write_block,
    write_gradient,
    write_key,
)
from splitwave.common.wire.messages import downlink_from_proto, downlink_to_proto, uplink_from_proto, uplink_to_proto
from splitwave.common.wire.pb import uplink_pb2 as pb

D = 5
LOAD = Workload(queries=9, samples=3, window=2, rate_per_s=0.5, seed=7)
KEYS = st.builds(m.BlockKey, st.sampled_from(m.Phase), st.integers(0, 2**64 - 1), st.integers(0, 2**32 - 1))
FLOATS = st.floats(width=32, allow_nan=False, allow_infinity=False)
INT64 = st.integers(-(2**63), 2**63 - 1)


def contract_of(breakpoints: int = 6, draws: int = 3, told: bool = False) -> LinkContract:
    config = RunConfig.model_validate(
        {
            "encoder": {"dimension": D},
            "quantizer": {"breakpoints": breakpoints},
            "objective": {"draws": draws},
            "hypernetwork": {"beta": [1e-5, 1.0]} if told else {},
        }
    )
    return LinkContract.of(config, 1)


def level_block(breakpoints: int = 6, samples: int = 4, codebook: bool = True, **changes: object) -> m.SymbolBlock:
    rng = np.random.default_rng(1)
    levels = np.linspace(-1, 1, breakpoints + 1, dtype=np.float32) if codebook else None
    fields = {
        "link": 1,
        "sequence": 0,
        "key": m.BlockKey(m.Phase.TEST, 0, 0),
        "sample_ids": np.arange(samples),
        "payload": m.LevelPayload(rng.integers(0, breakpoints + 1, (samples, D), dtype=np.uint8), 9, levels),
    }
    return m.SymbolBlock(**{**fields, **changes})  # type: ignore[arg-type]


def real_block(draws: int = 1, phase: m.Phase = m.Phase.TRAIN) -> m.SymbolBlock:
    values = np.random.default_rng(2).standard_normal((draws, 4, D)).astype(np.float32)
    return m.SymbolBlock(1, 0, m.BlockKey(phase, 3, 0), np.array([5, 2, 9, 0]), m.RealPayload(values), 1.5)


def block_to_proto(block: m.SymbolBlock, contract: LinkContract) -> pb.SymbolBlock:
    message = pb.SymbolBlock()
    write_block(message, block, contract)
    return message


def gradient_to_proto(gradient: m.Gradient) -> pb.Gradient:
    message = pb.Gradient()
    write_gradient(message, gradient)
    return message


def assert_equal_fields(left: object, right: object) -> None:
    assert type(left) is type(right)
    for name in left.__dataclass_fields__:  # type: ignore[attr-defined]
        a, b = getattr(left, name), getattr(right, name)
        if isinstance(a, np.ndarray):
            np.testing.assert_array_equal(a, b)
        elif hasattr(a, "__dataclass_fields__"):
            assert_equal_fields(a, b)
        else:
            assert a == b


def serialised(message: pb.UplinkMessage) -> pb.UplinkMessage:
    return pb.UplinkMessage.FromString(message.SerializeToString())


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
    block = m.SymbolBlock(1, 7, key, ids, m.LevelPayload(indices, 2**63, levels))
    assert_equal_fields(uplink_from_proto(serialised(uplink_to_proto(block, contract)), contract), block)


@given(hnp.arrays(np.float32, st.tuples(st.integers(1, 3), st.integers(1, 6), st.just(D)), elements=FLOATS), KEYS)
def test_real_blocks_and_gradients_survive_the_wire(values: m.Float32, key: m.BlockKey) -> None:
    contract = contract_of(draws=len(values))
    block = m.SymbolBlock(1, 0, key, np.arange(values.shape[1]), m.RealPayload(values))
    assert_equal_fields(block_from_proto(block_to_proto(block, contract), contract), block)
    gradient = m.Gradient(key, values)
    assert_equal_fields(gradient_from_proto(gradient_to_proto(gradient), contract), gradient)


@pytest.mark.parametrize(
    "body",
    [
        m.Hello(1, "id", "0.1", None, 4096),
        m.Hello(1, "id", "0.1", 0, 4096),
        m.Ready(4000, 1000, "abc"),
        m.PartSaved(240, "abc"),
        m.Leaving("no data"),
        m.EpochReport(7, 51.25),
        m.PassReport(
            m.Phase.SERVE, m.Symbols.HARD, m.UplinkCost(2, 28, 80), ("encode", "decode"), np.array([[1, 2], [3, 4]])
        ),
        m.PassReport(m.Phase.TEST, m.Symbols.SOFT, m.UplinkCost(2, 28, 80), (), np.zeros((0, 0), dtype=np.int64)),
        m.PassReport(
            m.Phase.SERVE,
            m.Symbols.HARD,
            m.UplinkCost(2, 28, 80),
            ("encode",),
            np.array([[1]]),
            (m.SymbolEntropy(1e-5, 7, 2.5), m.SymbolEntropy(0.1, 1, 0.0), m.SymbolEntropy(1 / 3, 2, None)),
        ),
    ],
)
def test_other_uplink_messages_survive_the_wire(body: m.Uplink) -> None:
    assert_equal_fields(uplink_from_proto(serialised(uplink_to_proto(body))), body)


@pytest.mark.parametrize(
    "body",
    [
        m.Welcome(1, "run", 3, "{}", None),
        m.Welcome(1, "run", 3, "{}", "abc"),
        m.TrainStep(7),
        m.Evaluate(m.Phase.VALIDATION, 3, m.Symbols.HARD),
        m.Evaluate(m.Phase.LOAD, 3, m.Symbols.HARD, LOAD),
        m.SaveCheckpoint(240),
        m.Finish(),
        m.SetBeta(1 / 3),
    ],
)
def test_downlink_messages_survive_the_wire(body: m.Downlink) -> None:
    message = downlink_to_proto(body)
    assert_equal_fields(downlink_from_proto(pb.DownlinkMessage.FromString(message.SerializeToString())), body)


KEY = m.BlockKey(m.Phase.TEST, 0, 4)
NANOSECONDS = st.integers(0, 2**63 - 1)
STAMPS = st.builds(
    m.Stamps,
    *[NANOSECONDS] * 4,
    st.none() | st.builds(m.ChannelStamps, *[NANOSECONDS] * 4),
)


@given(STAMPS)
def test_time_stamps_of_an_answer_survive_the_wire(stamps: m.Stamps) -> None:
    body = m.Prediction(m.BlockKey(m.Phase.LOAD, 0, 4), np.array([1], dtype=np.uint8), (), stamps)
    message = pb.DownlinkMessage.FromString(downlink_to_proto(body).SerializeToString())
    assert_equal_fields(downlink_from_proto(message, contract_of()), body)


def test_load_passes_alone_have_loads_and_time_stamps() -> None:
    for phase in m.Phase:
        loaded = phase is m.Phase.LOAD
        stray = m.Evaluate(phase, 0, m.Symbols.HARD, None if loaded else LOAD)
        with pytest.raises(ProtocolError, match=f"a {phase.name.lower()} pass with (no|a) workload: load passes have"):
            downlink_from_proto(downlink_to_proto(stray))
        stamps = None if loaded else m.Stamps(1, 2, 3, 4)
        answer = m.Prediction(m.BlockKey(phase, 0, 4), np.array([1], dtype=np.uint8), (), stamps)
        with pytest.raises(ProtocolError, match=f"an answer to {phase.name.lower()} step 0 micro-batch 4 with"):
            downlink_from_proto(downlink_to_proto(answer), contract_of())


def test_a_time_stamp_that_a_report_cannot_hold_is_refused() -> None:
    stamps = m.Stamps(1, 2, 3, 4, m.ChannelStamps(1, 2, 2**63, 4))
    answer = m.Prediction(m.BlockKey(m.Phase.LOAD, 0, 4), np.array([1], dtype=np.uint8), (), stamps)
    with pytest.raises(ProtocolError, match=f"a time stamp of {2**63} ns: expected at most {2**63 - 1}"):
        downlink_from_proto(downlink_to_proto(answer), contract_of())


def test_a_loads_values_are_checked_on_their_way_to_a_device() -> None:
    message = downlink_to_proto(m.Evaluate(m.Phase.LOAD, 0, m.Symbols.HARD, LOAD))
    message.evaluate.workload.rate_per_s = math.nan
    with pytest.raises(ProtocolError, match="rate_per_s = nan"):
        downlink_from_proto(message)


def times_contract() -> LinkContract:
    config = {"links": 1, "data": {"name": "wifi-csi"}, "inference": {"block_size": 300}}
    return LinkContract.of(RunConfig.model_validate(config), 0)


@pytest.mark.parametrize(
    ("answers", "contract"),
    [
        (np.array([1, 9], dtype=np.uint8), contract_of()),
        (np.array([-1.5, 103.25, 0.1], dtype=np.float32), times_contract()),
    ],
    ids=["classes", "times"],
)
def test_answers_survive_the_wire(answers: Answers, contract: LinkContract) -> None:
    body = m.Prediction(KEY, answers, (m.Hop("decode", 5),))
    message = downlink_to_proto(body)
    back = downlink_from_proto(pb.DownlinkMessage.FromString(message.SerializeToString()), contract)
    assert_equal_fields(back, body)
    assert isinstance(back, m.Prediction)
    assert back.answers.dtype == answers.dtype


def nanoseconds(*values: float) -> bytes:
    return np.array(values, dtype="<f4").tobytes()


@pytest.mark.parametrize(
    ("prediction", "contract", "message"),
    [
        (pb.Prediction(times_ns=nanoseconds(1.0)), contract_of(), "a prediction with times_ns in it: expected classes"),
        (pb.Prediction(classes=b"\1"), times_contract(), "a prediction with classes in it: expected times_ns"),
        (pb.Prediction(), times_contract(), "a prediction with nothing in it: expected times_ns"),
        (pb.Prediction(times_ns=bytes(7)), times_contract(), "7 bytes: expected 4 for each of 1 to 300 samples"),
        (pb.Prediction(times_ns=bytes(1204)), times_contract(), "1204 bytes: expected 4 for each of 1 to 300"),
        (pb.Prediction(classes=b""), contract_of(), "0 bytes: expected 1 for each of 1 to 256 samples"),
        (pb.Prediction(classes=b"\x09\x0a"), contract_of(), "class 10 in a prediction: expected 0 to 9"),
        (pb.Prediction(times_ns=nanoseconds(1.0, math.nan)), times_contract(), "1 predicted times are not finite"),
        (
            pb.Prediction(times_ns=nanoseconds(math.inf, -math.inf)),
            times_contract(),
            "2 predicted times are not finite",
        ),
    ],
)
def test_answers_of_another_kind_size_or_range_are_refused(
    prediction: pb.Prediction, contract: LinkContract, message: str
) -> None:
    write_key(prediction.key, KEY)
    with pytest.raises(ProtocolError, match=message):
        downlink_from_proto(pb.DownlinkMessage(prediction=prediction), contract)


def test_answers_that_no_field_carries_are_not_sent() -> None:
    answers: Answers = np.array([1.0], dtype=np.float64)  # type: ignore[assignment]
    with pytest.raises(ProtocolError, match="float64 answers: the wire carries uint8 and float32"):
        downlink_to_proto(m.Prediction(KEY, answers))


@pytest.mark.parametrize(("wire", "plain"), [(pb.Phase, m.Phase), (pb.Symbols, m.Symbols)])
def test_every_wire_enum_has_its_plain_twin(wire: object, plain: type[enum.IntEnum]) -> None:
    numbers = dict(wire.items())  # type: ignore[attr-defined]
    prefix = plain.__name__.upper()
    assert numbers == {f"{prefix}_UNSPECIFIED": 0} | {f"{prefix}_{member.name}": member.value for member in plain}


def test_every_wire_dtype_has_a_codec() -> None:
    for dtype in pb.Dtype.values():
        message = pb.RealSymbols(dtype=dtype, draws=1, data=bytes(4 * D))
        if dtype == pb.DTYPE_UNSPECIFIED:
            with pytest.raises(ProtocolError, match="unknown dtype 0"):
                reals_from_proto(message, 1, D)
        else:
            assert reals_from_proto(message, 1, D).shape == (1, 1, D)


def test_a_256_sample_block_of_4_bit_symbols_costs_at_most_1_05_of_its_packed_bytes() -> None:
    config = RunConfig()
    contract = LinkContract.of(config, 1)
    payload = m.LevelPayload(np.zeros((256, 28), dtype=np.uint8), 3510, None)
    block = m.SymbolBlock(1, 4000, m.BlockKey(m.Phase.TEST, 0, 38), np.arange(9728, 9728 + 256), payload)
    assert uplink_to_proto(block, contract).ByteSize() <= 1.05 * 256 * 14
    single = m.SymbolBlock(
        1, 4000, m.BlockKey(m.Phase.SERVE, 0, 199), np.array([9728]), m.LevelPayload(payload.indices[:1], 3510, None)
    )
    assert uplink_to_proto(single, contract).ByteSize() - 14 <= 64


def refused(message: pb.SymbolBlock, contract: LinkContract) -> str:
    with pytest.raises(ProtocolError) as error:
        block_from_proto(message, contract)
    return str(error.value)


def test_a_wrong_byte_count_is_refused() -> None:
    contract = contract_of()
    message = block_to_proto(level_block(), contract)
    message.levels.packed += b"\0"
    assert "9 bytes of packed levels: expected 8 for 4 × 5 symbols of 3 bits" in refused(message, contract)
    message = block_to_proto(real_block(), contract)
    message.reals.data = message.reals.data[:-1]
    assert "79 bytes of real symbols: expected 80" in refused(message, contract)
    message = block_to_proto(real_block(), contract)
    message.sample_ids = message.sample_ids[:-1]
    assert "15 bytes of sample ids: expected 16" in refused(message, contract)
    message = block_to_proto(level_block(), contract)
    message.levels.codebook = message.levels.codebook[:-4]
    assert "24 bytes of codebook: expected 7 float32 levels" in refused(message, contract)


def test_a_wrong_shape_is_refused() -> None:
    contract = contract_of()
    message = block_to_proto(level_block(), contract)
    message.dimension = 4
    assert "4 symbols a sample: expected 5" in refused(message, contract)
    for samples in (0, contract.max_samples + 1, 2**32 - 1):
        message = block_to_proto(level_block(), contract)
        message.samples = samples
        assert f"{samples} samples in a block: expected 1 to 256" in refused(message, contract)
    message = block_to_proto(real_block(), contract)
    message.reals.draws = 2**32 - 1
    assert "80 bytes of real symbols" in refused(message, contract)


def test_a_wrong_dtype_is_refused() -> None:
    message = block_to_proto(real_block(), contract_of())
    message.reals.dtype = 7  # type: ignore[assignment]
    assert "unknown dtype 7" in refused(message, contract_of())


@pytest.mark.parametrize("poison", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_refused(poison: float) -> None:
    contract = contract_of()
    block = real_block()
    assert isinstance(block.payload, m.RealPayload)
    block.payload.values[0, 2, 3] = poison
    assert "1 symbols are not finite" in refused(block_to_proto(block, contract), contract)
    levels = level_block()
    assert isinstance(levels.payload, m.LevelPayload)
    assert levels.payload.codebook is not None
    levels.payload.codebook[2] = poison
    assert "levels must ascend from -1 to 1" in refused(block_to_proto(levels, contract), contract)


@pytest.mark.parametrize("levels", [[-1, 0.5, 0.4, 0.6, 0.7, 0.8, 1], [-1.5, 0, 0, 0, 0, 0, 1], [-1, 0, 0, 0, 0, 0, 2]])
def test_a_codebook_that_does_not_ascend_from_minus_one_to_one_is_refused(levels: list[float]) -> None:
    payload = m.LevelPayload(np.zeros((4, D), dtype=np.uint8), 9, np.array(levels, dtype=np.float32))
    message = block_to_proto(level_block(payload=payload), contract_of())
    assert "levels must ascend from -1 to 1" in refused(message, contract_of())


@pytest.mark.parametrize("rate", [np.nan, np.inf])
def test_an_epochs_rate_that_is_not_finite_is_refused(rate: float) -> None:
    message = pb.UplinkMessage(epoch_report=pb.EpochReport(epoch=3, rate_nats=rate))
    with pytest.raises(ProtocolError, match="the report of epoch 3 has the rate"):
        uplink_from_proto(message)


@given(st.sampled_from([m.Phase.SERVE, m.Phase.LOAD]), st.floats(5e-324, 1e300))
def test_a_querys_block_carries_its_beta_to_the_last_bit(phase: m.Phase, beta: float) -> None:
    contract = contract_of(told=True)
    block = level_block(key=m.BlockKey(phase, 2, 1), samples=1, beta=beta)
    assert_equal_fields(uplink_from_proto(serialised(uplink_to_proto(block, contract)), contract), block)


def test_serving_blocks_alone_have_a_beta_and_only_where_networks_are_told() -> None:
    told, plain = contract_of(told=True), contract_of()
    serving = m.BlockKey(m.Phase.SERVE, 0, 0)
    without = block_to_proto(level_block(key=serving), told)
    assert refused(without, told) == "serve step 0 micro-batch 0 carries no β: expected that which made it"
    assert block_from_proto(without, plain).beta is None
    for stray, contract in ((level_block(beta=0.5), told), (level_block(key=serving, beta=0.5), plain)):
        assert "carries β = 0.5: expected none" in refused(block_to_proto(stray, contract), contract)
    for beta in (np.nan, np.inf, 0.0, -1.0):
        message = block_to_proto(level_block(key=serving, beta=beta), told)
        assert f"β = {beta}: expected a finite number above 0" in refused(message, told)


def test_a_beta_or_an_entropy_that_cannot_be_is_refused() -> None:
    with pytest.raises(ProtocolError, match="β = nan: expected a finite number above 0"):
        downlink_from_proto(downlink_to_proto(m.SetBeta(np.nan)))
    for bits in (np.nan, np.inf, -0.1, 8.1):
        report = m.PassReport(
            m.Phase.SERVE, m.Symbols.HARD, m.UplinkCost(), (), np.zeros((0, 0), dtype=np.int64),
            (m.SymbolEntropy(0.5, 1, bits),),
        )  # fmt: skip
        with pytest.raises(ProtocolError, match=f"a symbol entropy of {bits} bits: expected 0 to 8"):
            uplink_from_proto(uplink_to_proto(report))


def test_a_gradient_for_another_number_of_draws_is_refused() -> None:
    gradient = m.Gradient(m.BlockKey(m.Phase.TRAIN, 0, 0), np.zeros((2, 4, D), dtype=np.float32))
    with pytest.raises(ProtocolError, match="a gradient for 2 noise draws: expected 1 or 3"):
        gradient_from_proto(gradient_to_proto(gradient), contract_of(draws=3))


def test_empty_and_misplaced_messages_are_refused() -> None:
    contract = contract_of()
    message = block_to_proto(level_block(), contract)
    message.ClearField("levels")
    assert "a block without symbols" in refused(message, contract)
    message = block_to_proto(level_block(), contract)
    message.key.phase = 99  # type: ignore[assignment]
    assert "unknown phase 99" in refused(message, contract)
    with pytest.raises(ProtocolError, match="T = 0"):
        block_from_proto(block_to_proto(level_block(), contract), contract_of(breakpoints=0))
    with pytest.raises(ProtocolError, match="without a body"):
        uplink_from_proto(pb.UplinkMessage())
    with pytest.raises(ProtocolError, match="without a body"):
        downlink_from_proto(pb.DownlinkMessage())
    with pytest.raises(ProtocolError, match="before the handshake"):
        uplink_from_proto(uplink_to_proto(level_block(), contract))


class TestSymbolReader:
    def test_looks_indices_up_in_the_codebook_it_was_sent(self) -> None:
        block = level_block()
        assert isinstance(block.payload, m.LevelPayload)
        assert block.payload.codebook is not None
        symbols = SymbolReader(contract_of()).read(block)
        np.testing.assert_array_equal(symbols, block.payload.codebook[block.payload.indices][None])

    def test_refuses_an_index_above_t(self) -> None:
        payload = m.LevelPayload(np.full((4, D), 7, dtype=np.uint8), 9, np.zeros(7, dtype=np.float32))
        with pytest.raises(ProtocolError, match="level index 7 exceeds T = 6"):
            SymbolReader(contract_of()).read(level_block(payload=payload))

    def test_refuses_a_codebook_version_that_was_not_sent(self) -> None:
        reader = SymbolReader(contract_of())
        with pytest.raises(ProtocolError, match="codebook version 9 was not sent on this stream"):
            reader.read(level_block(codebook=False))

    def test_refuses_another_link_and_a_gap_in_the_sequence(self) -> None:
        with pytest.raises(ProtocolError, match="a block for link 0 came over link 1"):
            SymbolReader(contract_of()).read(level_block(link=0))
        with pytest.raises(ProtocolError, match="out of sequence: expected 0"):
            SymbolReader(contract_of()).read(level_block(sequence=1))

    def test_refuses_a_new_codebook_under_an_old_version(self) -> None:
        reader = SymbolReader(contract_of())
        reader.read(level_block())
        with pytest.raises(ProtocolError, match="a codebook of version 9 came after version 9"):
            reader.read(level_block(sequence=1))

    @pytest.mark.parametrize(("draws", "phase"), [(2, m.Phase.TRAIN), (3, m.Phase.TEST)])
    def test_refuses_a_number_of_draws_that_the_phase_does_not_have(self, draws: int, phase: m.Phase) -> None:
        with pytest.raises(ProtocolError, match=f"{draws} noise draws"):
            SymbolReader(contract_of()).read(real_block(draws, phase))
