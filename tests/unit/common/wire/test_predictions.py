"""The encoding of answers and their time stamps, and the refusal of invalid ones."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import ProtocolError
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.link_contract import link_contract
from splitwave.common.protocol.messages import (
    Prediction,
)
from splitwave.common.protocol.phases import Phase
from splitwave.common.protocol.symbols import LinkContract
from splitwave.common.protocol.timing import ChannelStamps, Hop, Stamps
from splitwave.common.tasks.task import Answers
from splitwave.common.wire.downlink import downlink_from_proto, downlink_to_proto
from splitwave.common.wire.fields import key_to_proto
from splitwave.common.wire.pb import uplink_pb2 as pb
from tests.unit.common.wire.examples import (
    assert_equal_fields,
    contract_of,
)

KEY = BlockKey(Phase.TEST, 0, 4)


NANOSECONDS = st.integers(0, 2**63 - 1)


STAMPS = st.builds(
    Stamps,
    *[NANOSECONDS] * 4,
    st.none() | st.builds(ChannelStamps, *[NANOSECONDS] * 4),
)


@given(STAMPS)
def test_time_stamps_of_an_answer_survive_the_wire(stamps: Stamps) -> None:
    body = Prediction(BlockKey(Phase.LOAD, 0, 4), np.array([1], dtype=np.uint8), (), stamps)
    message = pb.DownlinkMessage.FromString(downlink_to_proto(body).SerializeToString())
    assert_equal_fields(downlink_from_proto(message, contract_of()), body)


def test_a_time_stamp_that_does_not_fit_a_report_is_refused() -> None:
    stamps = Stamps(1, 2, 3, 4, ChannelStamps(1, 2, 2**63, 4))
    answer = Prediction(BlockKey(Phase.LOAD, 0, 4), np.array([1], dtype=np.uint8), (), stamps)
    with pytest.raises(ProtocolError, match=f"a time stamp of {2**63} ns: expected at most {2**63 - 1}"):
        downlink_from_proto(downlink_to_proto(answer), contract_of())


def times_contract() -> LinkContract:
    config = {"links": 1, "data": {"name": "wifi-csi"}, "inference": {"block_size": 300}}
    return link_contract(RunConfig.model_validate(config), 0)


@pytest.mark.parametrize(
    ("answers", "contract"),
    [
        (np.array([1, 9], dtype=np.uint8), contract_of()),
        (np.array([-1.5, 103.25, 0.1], dtype=np.float32), times_contract()),
    ],
    ids=["classes", "times"],
)
def test_answers_survive_the_wire(answers: Answers, contract: LinkContract) -> None:
    body = Prediction(KEY, answers, (Hop("decode", 5),))
    message = downlink_to_proto(body)
    back = downlink_from_proto(pb.DownlinkMessage.FromString(message.SerializeToString()), contract)
    assert_equal_fields(back, body)
    assert isinstance(back, Prediction)
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
def test_answers_of_the_wrong_type_size_or_range_are_refused(
    prediction: pb.Prediction, contract: LinkContract, message: str
) -> None:
    key_to_proto(KEY, prediction.key)
    with pytest.raises(ProtocolError, match=message):
        downlink_from_proto(pb.DownlinkMessage(prediction=prediction), contract)


def test_answers_of_an_unsupported_dtype_are_not_sent() -> None:
    answers: Answers = np.array([1.0], dtype=np.float64)  # type: ignore[assignment]
    with pytest.raises(ProtocolError, match="float64 answers: the wire carries uint8 and uint16 and float32"):
        downlink_to_proto(Prediction(KEY, answers))


MOST_LINKS = link_contract(RunConfig.model_validate({"links": 64}), 0)


@given(st.frozensets(st.integers(0, 63)))
def test_the_links_of_an_answer_survive_the_wire(links: frozenset[int]) -> None:
    body = Prediction(KEY, np.array([1], dtype=np.uint8), links=tuple(sorted(links)))
    message = pb.DownlinkMessage.FromString(downlink_to_proto(body).SerializeToString())
    assert_equal_fields(downlink_from_proto(message, MOST_LINKS), body)


def test_an_answer_from_all_links_has_no_byte_more_than_before() -> None:
    fields = downlink_to_proto(Prediction(KEY, np.array([1], dtype=np.uint8))).prediction.ListFields()
    assert [field.name for field, _ in fields] == ["key", "classes"]


def test_an_answer_from_a_link_that_the_run_does_not_have_is_refused() -> None:
    message = downlink_to_proto(Prediction(KEY, np.array([1], dtype=np.uint8), links=(0, 2)))
    with pytest.raises(ProtocolError, match="an answer from link 2: the run has links 0 to 1"):
        downlink_from_proto(message, link_contract(RunConfig(links=2), 0))
