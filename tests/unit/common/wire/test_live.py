"""The messages of live queries on the wire."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from splitwave.common.errors import ProtocolError
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.live_messages import ModelChunk, ModelReady, Outcome, QueryAnswer, Reencode, UseModel
from splitwave.common.protocol.messages import PROTOCOL_VERSION, Downlink, Hello, Uplink, Welcome
from splitwave.common.protocol.phases import Phase
from splitwave.common.protocol.query_name import QueryName
from splitwave.common.protocol.timing import ChannelStamps, Stamps
from splitwave.common.wire.downlink import downlink_from_proto, downlink_to_proto
from splitwave.common.wire.pb import uplink_pb2 as pb
from splitwave.common.wire.uplink import uplink_from_proto, uplink_to_proto
from tests.unit.common.wire.examples import assert_equal_fields, contract_of, level_block

CONTRACT = contract_of()
CONDITIONED = contract_of(conditioned=True)
STAMPS = Stamps(1, 2, 3, 4, ChannelStamps(5, 6, 7, 8))
KEY = QueryName(3, 2**40 + 1).key
PROBABILITIES = np.full(CONTRACT.task.outputs, 1 / CONTRACT.task.outputs, dtype=np.float32)
ANSWER = QueryAnswer(KEY, Outcome.ANSWERED, STAMPS, np.array([7], np.uint8), (0, 1), PROBABILITIES, model=2)
BETAS, PSNR_DB = (0.5,) * CONDITIONED.links, (10.0,) * CONDITIONED.links
REFUSED = QueryAnswer(KEY, Outcome.TOO_FEW_LINKS, Stamps(1, 0, 0, 0))


def down(body: Downlink) -> Downlink:
    data = downlink_to_proto(body).SerializeToString()
    return downlink_from_proto(pb.DownlinkMessage.FromString(data), CONDITIONED)


def up(body: Uplink) -> Uplink:
    data = uplink_to_proto(body, CONTRACT).SerializeToString()
    return uplink_from_proto(pb.UplinkMessage.FromString(data), CONTRACT)


@pytest.mark.parametrize(
    "body",
    [
        ANSWER,
        REFUSED,
        QueryAnswer(KEY, Outcome.LATE, STAMPS, np.array([1], np.uint8), (1,), None, BETAS, PSNR_DB, 1),
        ModelChunk(2, "0123456789ab", "encoder.onnx", 9, b"some data", last=True),
        UseModel(2),
        Reencode(KEY, 3),
        Welcome(PROTOCOL_VERSION, "run", 1, "{}", None, None, 4, "0123456789ab"),
    ],
    ids=lambda body: type(body).__name__,
)
def test_messages_to_a_live_device_survive_the_wire(body: Downlink) -> None:
    assert_equal_fields(down(body), body)


@pytest.mark.parametrize(
    "body",
    [
        Hello(PROTOCOL_VERSION, "camera", "0.1", None, 4096, ""),
        Hello(PROTOCOL_VERSION, "camera", "0.1", None, 4096, "0123456789ab"),
        Hello(PROTOCOL_VERSION, "camera", "0.1", None, 4096),
        ModelReady(4),
        ModelReady(4, "no signature"),
        level_block(key=KEY, samples=1, model=3),
    ],
    ids=["no model", "a model", "no live device", "ready", "refused", "block"],
)
def test_messages_of_a_live_device_survive_the_wire(body: Uplink) -> None:
    assert_equal_fields(up(body), body)


def refusal(message: pb.DownlinkMessage) -> str:
    with pytest.raises(ProtocolError) as error:
        downlink_from_proto(message, CONTRACT)
    return str(error.value)


def test_an_answer_that_contradicts_its_outcome_is_refused() -> None:
    message = downlink_to_proto(ANSWER)
    message.answer.outcome = pb.OUTCOME_DUPLICATE
    assert refusal(message) == "a part of a query that was DUPLICATE with the wrong answers for it"
    message = downlink_to_proto(REFUSED)
    message.answer.outcome = pb.OUTCOME_ANSWERED
    assert refusal(message) == "a part of a query that was ANSWERED with the wrong answers for it"


@pytest.mark.parametrize(("outcome", "words"), [(0, "unknown outcome 0"), (77, "unknown outcome 77")])
def test_an_unknown_outcome_is_refused(outcome: int, words: str) -> None:
    message = pb.DownlinkMessage.FromString(downlink_to_proto(ANSWER).SerializeToString())
    message.answer.outcome = outcome  # type: ignore[assignment]
    assert refusal(message).startswith(words)


@pytest.mark.parametrize("value", [-0.1, 1.5, float("nan")])
def test_a_probability_that_is_none_is_refused(value: float) -> None:
    message = downlink_to_proto(ANSWER)
    message.answer.probabilities = np.full_like(PROBABILITIES, value).tobytes()
    assert refusal(message) == "a probability that is not within 0 to 1"


def test_values_of_another_number_of_links_are_refused() -> None:
    message = downlink_to_proto(ANSWER)
    message.answer.psnr_db.append(10.0)
    assert refusal(message) == "1 values of PSNR in an answer: expected one for each link, or none"


@pytest.mark.parametrize("name", ["", ".", "..", ".hidden", "a/b", "a\\b", "a\0b"])
def test_the_name_of_a_file_that_leads_elsewhere_is_refused(name: str) -> None:
    assert "is no name of a file of a model" in refusal(downlink_to_proto(ModelChunk(1, "v", name, 0, b"", last=True)))


@given(st.sampled_from(Phase))
def test_a_query_to_encode_again_keeps_its_key(phase: Phase) -> None:
    body = Reencode(BlockKey(phase, 5, 6), 7)
    assert down(body) == body
