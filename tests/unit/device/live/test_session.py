"""A live device's part of a connection, without a transport."""

import numpy as np
import pytest
from structlog.testing import capture_logs

from splitwave.common.errors import CheckpointError, DataError, ProtocolError
from splitwave.common.protocol.blocks import SymbolBlock
from splitwave.common.protocol.link_setting import LinkSetting
from splitwave.common.protocol.live_messages import ModelReady, Reencode, UseModel
from splitwave.common.protocol.messages import SetLink, TrainStep
from splitwave.common.protocol.query_name import QueryName
from splitwave.device.live.pending_queries import PendingQuery
from tests.unit.device.live.encoders import SignEncoder
from tests.unit.device.live.session_of_device import NEW, Make, answer, codebooks, parts


def test_queries_wait_for_the_welcome_and_leave_in_their_order(make: Make) -> None:
    device = make(SignEncoder())
    device.submit(7)
    device.submit(3)
    assert device.sent == []
    device.welcome()
    device.submit(9)
    assert device.sent[0] == ModelReady(5)
    assert parts(device.sent) == [(0, 7, 5, [1, 0, 1]), (1, 3, 5, [1, 0, 1]), (2, 9, 5, [1, 0, 1])]
    assert codebooks(device.sent) == [(0, True), (0, False), (0, False)]
    assert device.ready


def test_answers_may_come_in_any_order(make: Make) -> None:
    device = make(SignEncoder())
    device.welcome()
    one, two = device.submit(1), device.submit(2)
    device.session.handle(answer(two), 77)
    assert two.reply.result().received_ns == 77
    assert not one.reply.done()
    device.session.handle(answer(one), 78)
    device.session.handle(answer(one), 79)  # of a part on an earlier connection
    assert one.reply.result().received_ns == 78


def test_a_device_without_a_model_takes_that_of_the_base_station(make: Make) -> None:
    device = make(None, SignEncoder(NEW))
    device.welcome(2, NEW)
    device.submit(0)
    assert device.sent == []
    device.send_model(2)
    assert device.sent[0] == ModelReady(2)
    assert parts(device.sent) == [(0, 0, 2, [0, 1, 0])]


def test_models_are_switched_between_two_queries_and_back(make: Make) -> None:
    device = make(SignEncoder(), SignEncoder(NEW))
    device.welcome()
    device.submit(0)
    device.send_model(6)
    device.submit(1)
    device.session.handle(UseModel(6), 0)
    device.submit(2)
    device.session.handle(UseModel(5), 0)
    device.submit(3)
    assert ModelReady(6) in device.sent
    assert parts(device.sent) == [
        (0, 0, 5, [1, 0, 1]),
        (1, 1, 5, [1, 0, 1]),
        (2, 2, 6, [0, 1, 0]),
        (3, 3, 5, [1, 0, 1]),
    ]
    assert codebooks(device.sent) == [(0, True), (0, False), (1, True), (2, True)]


def test_a_part_is_encoded_again_with_the_other_model(make: Make) -> None:
    device = make(SignEncoder(), SignEncoder(NEW))
    device.welcome()
    device.send_model(6)
    query = device.submit(0)
    device.session.handle(Reencode(query.name.key, 6), 0)
    assert parts(device.sent) == [(0, 0, 5, [1, 0, 1]), (1, 0, 6, [0, 1, 0])]


def test_what_was_not_answered_leaves_again_on_the_next_connection(make: Make) -> None:
    device = make(SignEncoder())
    device.welcome()
    one = device.submit(1)
    device.submit(2)
    device.session.handle(answer(one), 0)
    device.connect()
    device.submit(3)
    device.welcome(1)
    assert parts(device.sent) == [(0, 2, 1, [1, 0, 1]), (1, 3, 1, [1, 0, 1])]
    assert codebooks(device.sent)[0] == (0, True)


def test_a_candidate_that_cannot_be_opened_is_refused_and_the_device_goes_on(make: Make) -> None:
    device = make(SignEncoder(), CheckpointError("part.json: no signature"))
    device.welcome()
    device.send_model(6)
    assert device.sent[-1] == ModelReady(6, "part.json: no signature")
    device.submit(0)
    assert parts(device.sent) == [(0, 0, 5, [1, 0, 1])]


def test_a_device_gives_up_if_the_only_model_cannot_be_opened(make: Make) -> None:
    device = make(None, CheckpointError("part.json: no signature"))
    device.welcome(2, NEW)
    with pytest.raises(CheckpointError, match="no signature"):
        device.send_model(2)


def test_a_model_for_another_link_is_refused(make: Make) -> None:
    device = make(SignEncoder())
    with pytest.raises(ProtocolError, match="leased link 1, but the model is for link 0"):
        device.welcome(link=1)


def test_a_base_station_that_serves_no_model_is_refused(make: Make) -> None:
    with pytest.raises(ProtocolError, match="serves no model"):
        make(SignEncoder()).welcome(number=0)


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (UseModel(9), r"model 9 was asked for: this device has \[5\]"),
        (TrainStep(0), "TrainStep came to a device that submits samples"),
        (Reencode(QueryName(0, 4).key, 5), "query 4 of stream 0 is to be sent again, but was answered"),
    ],
)
def test_what_makes_no_sense_is_refused(make: Make, message: object, words: str) -> None:
    device = make(SignEncoder())
    device.welcome()
    with pytest.raises(ProtocolError, match=words):
        device.session.handle(message, 0)  # type: ignore[arg-type]


def test_beta_applies_from_the_next_query_on_and_to_later_models(make: Make) -> None:
    later = SignEncoder(NEW, beta=0.5)
    device = make(SignEncoder(beta=0.5), later)
    device.welcome()
    device.submit(0)
    device.session.handle(SetLink(LinkSetting(beta=0.25)), 0)
    device.submit(1)
    device.send_model(6)
    device.session.handle(UseModel(6), 0)
    device.submit(2)
    assert [body.beta for body in device.sent if isinstance(body, SymbolBlock)] == [0.5, 0.25, 0.25]
    assert later.serving_beta == 0.25


def test_a_beta_that_the_model_cannot_take_is_logged_and_the_device_goes_on(make: Make) -> None:
    device = make(SignEncoder(beta=0.5))
    device.welcome()
    with capture_logs() as logs:
        device.session.handle(SetLink(LinkSetting(beta=7.0)), 0)
    device.submit(0)
    assert [line["event"] for line in logs] == ["β not changed"]
    assert [body.beta for body in device.sent if isinstance(body, SymbolBlock)] == [0.5]


def test_a_sample_that_the_model_cannot_encode_fails_its_query_alone(make: Make) -> None:
    device = make(SignEncoder())
    wrong = PendingQuery(QueryName(0, 1), np.zeros(2, dtype=np.float32), 0)
    device.pending.add(wrong)
    device.submit(2)
    device.welcome()
    assert isinstance(wrong.reply.exception(), DataError)
    assert [part[:2] for part in parts(device.sent)] == [(0, 2)]


def test_a_candidate_that_was_given_up_is_forgotten_with_the_next(make: Make) -> None:
    device = make(SignEncoder(), SignEncoder(NEW))
    device.welcome()
    device.send_model(6)
    device.send_model(7)
    device.session.handle(UseModel(7), 0)
    with pytest.raises(ProtocolError, match=r"model 6 was asked for: this device has \[5, 7\]"):
        device.session.handle(UseModel(6), 0)
