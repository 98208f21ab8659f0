"""Samples are checked, named and submitted, and answers come back as plain values."""

import json

import numpy as np
import pytest

from splitwave.common.errors import ConfigError, ProtocolError, RunFailedError, UnreachableError
from splitwave.common.protocol.live_messages import Outcome
from splitwave.common.protocol.query_name import QueryName
from splitwave.common.tasks.regression import Regression
from splitwave.common.tasks.vector_regression import VectorRegression
from splitwave.device.application.sample import Sample, SampleError
from splitwave.device.application.submitter import Submitter, answer_within
from tests.limits import LIMIT_S
from tests.unit.device.application.answering_link import AnsweringLink

PIXELS = np.array([[0, 1, 2, 3, 4], [250, 251, 255, 253, 254]], dtype=np.uint8)
EXPECTED = "expected a NumPy array of shape (10,) or (1, 2, 5) or (2, 5), float32 or uint8"


@pytest.mark.parametrize("shape", [(10,), (1, 2, 5), (2, 5)])
def test_pixels_of_every_accepted_shape_are_scaled_as_in_training(shape: tuple[int, ...]) -> None:
    link = AnsweringLink()
    answer = answer_within(Submitter(link).submit(PIXELS.reshape(shape)), LIMIT_S)
    ((_, features),) = link.submitted
    np.testing.assert_array_equal(features, PIXELS.reshape(-1).astype(np.float32) / np.float32(255))
    assert answer.value == 7
    assert (features.dtype.name, features.shape) == ("float32", (10,))


def test_numbers_are_submitted_as_they_are_and_the_application_may_reuse_its_array() -> None:
    link = AnsweringLink()
    x = np.linspace(-3, 3, 10, dtype=np.float32)
    Submitter(link).submit(x)
    expected = x.copy()
    x[:] = 0
    np.testing.assert_array_equal(link.submitted[0][1], expected)


@pytest.mark.parametrize(
    ("x", "reason"),
    [
        (np.zeros(9, np.float32), f"a sample of shape (9,), dtype float32: {EXPECTED}"),
        (np.zeros(10), f"a sample of shape (10,), dtype float64: {EXPECTED}"),
        ([0.0] * 10, f"a sample of type list: {EXPECTED}"),
        (None, f"a sample of type NoneType: {EXPECTED}"),
        (
            np.array([np.nan, np.inf] * 5, np.float32),
            "a sample of shape (10,), dtype float32, with 10 values that are not finite",
        ),
    ],
)
def test_another_sample_is_refused_by_shape_and_dtype(x: object, reason: str) -> None:
    link = AnsweringLink()
    with pytest.raises(SampleError) as refused:
        Submitter(link).submit(x)
    assert (str(refused.value), link.submitted) == (reason, [])


def test_queries_are_counted_by_stream_and_go_on_after_the_highest() -> None:
    link = AnsweringLink()
    submitter, x = Submitter(link, stream=4), np.zeros(10, np.float32)
    for name in ({}, {}, {"stream": 9}, {"sequence": 7}, {}, {"sequence": 2}, {}):
        submitter.submit(x, **name)
    expected = [(4, 0), (4, 1), (9, 0), (4, 7), (4, 8), (4, 2), (4, 9)]
    assert [(name.stream, name.sequence) for name, _ in link.submitted] == expected


def test_capture_times_of_one_period_name_one_query() -> None:
    link = AnsweringLink()
    submitter, x = Submitter(link, capture_period_ms=100), np.zeros(10, np.float32)
    for captured_ns in (980_000_000, 1_020_000_000, 1_060_000_000):
        submitter.submit(x, captured_ns=captured_ns)
    assert [name for name, _ in link.submitted] == [QueryName(0, 10), QueryName(0, 10), QueryName(0, 11)]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ({"sequence": -1}, "sequence = -1 of a query"),
        ({"stream": 2**32}, "stream = 4294967296 of a query"),
        ({"captured_ns": 5}, "the device has no capture period"),
        ({"captured_ns": 5, "sequence": 5}, "give one of them"),
    ],
)
def test_a_name_that_does_not_fit_is_refused(name: dict[str, int], reason: str) -> None:
    with pytest.raises(SampleError, match=reason):
        Submitter(AnsweringLink()).submit(np.zeros(10, np.float32), **name)


@pytest.mark.parametrize("period_ms", [0.0, -1.0, float("nan"), float("inf")])
def test_a_capture_period_is_a_positive_time(period_ms: float) -> None:
    with pytest.raises(ConfigError, match="a capture period of"):
        Submitter(AnsweringLink(), capture_period_ms=period_ms)


def test_an_answer_has_every_value_and_is_one_line_of_json() -> None:
    names = tuple("abcdefghij")
    answer = answer_within(Submitter(AnsweringLink(), class_names=names).submit(PIXELS, sequence=5), LIMIT_S)
    assert (answer.class_name, answer.links_used, answer.model) == ("h", (0, 1), 3)
    tree = json.loads(answer.as_json())
    assert "\n" not in answer.as_json()
    hops = tree.pop("hops_ns")
    assert tree == {
        "stream": 0,
        "sequence": 5,
        "outcome": "answered",
        "value": 7,
        "class_name": "h",
        "unit": None,
        "probabilities": [0.1] * 10,
        "links_used": [0, 1],
        "betas": [],
        "psnr_db": [10.0, 12.5],
        "model": 3,
    }
    assert hops == dict(answer.hops_ns)


def test_hops_are_durations_on_single_clocks_in_the_order_of_the_way() -> None:
    hops = dict(answer_within(Submitter(AnsweringLink()).submit(PIXELS), LIMIT_S).hops_ns)
    assert next(iter(hops)) == "application"
    del hops["application"]
    assert list(hops.items()) == [
        ("encode", 100),
        ("send", 50),
        ("device link", 3_000 - 310 - 700 - 1_000),
        ("emulate", 310),
        ("backhaul", 1_700 - 1_000),
        ("fuse wait", 700),
        ("decoder queue", 100),
        ("decode", 200),
    ]


@pytest.mark.parametrize("outcome", [Outcome.TOO_FEW_LINKS, Outcome.DUPLICATE, Outcome.FORGOTTEN])
def test_a_query_without_an_answer_has_an_outcome_and_no_value(outcome: Outcome) -> None:
    answer = answer_within(Submitter(AnsweringLink(outcome=outcome)).submit(PIXELS), LIMIT_S)
    assert (answer.outcome, answer.value, answer.probabilities, answer.unit) == (outcome, None, (), None)
    assert list(answer.hops_ns) == ["application", "encode", "send", "device link"]


def test_a_late_part_has_the_answer_and_did_not_wait_at_the_station() -> None:
    answer = answer_within(Submitter(AnsweringLink(outcome=Outcome.LATE)).submit(PIXELS), LIMIT_S)
    assert (answer.value, "decode" in answer.hops_ns) == (7, False)


def test_a_time_is_a_number_with_its_unit() -> None:
    link = AnsweringLink(task=Regression(10.0, 2.0), answer=lambda _name, _x: np.array([12.1], np.float32))
    answer = answer_within(Submitter(link).submit(PIXELS), LIMIT_S)
    assert (answer.value, answer.unit, answer.probabilities) == (float(np.float32(12.1)), "ns", ())
    assert json.loads(answer.as_json())["value"] == 12.1


def test_several_quantities_are_a_tuple_with_their_units() -> None:
    task = VectorRegression(("x", "angle"), ("m", "rad"), (0.0, 0.0), (1.0, 1.0))
    link = AnsweringLink(task=task, answer=lambda _name, _x: np.array([[1.5, -0.25]], np.float32))
    answer = answer_within(Submitter(link).submit(PIXELS), LIMIT_S)
    assert (answer.value, answer.unit) == ((1.5, -0.25), ("m", "rad"))


def test_another_number_of_class_names_is_refused() -> None:
    with pytest.raises(ConfigError, match="2 names of classes: the model has 10 classes"):
        Submitter(AnsweringLink(), class_names=("yes", "no"))


def test_an_error_of_the_link_reaches_the_caller() -> None:
    link = AnsweringLink(holds=True)
    answer = Submitter(link).submit(PIXELS)
    link.fail(ProtocolError("the station refused it"))
    with pytest.raises(ProtocolError, match="the station refused it"):
        answer_within(answer, LIMIT_S)


def test_closing_gives_unanswered_queries_an_error() -> None:
    submitter = Submitter(AnsweringLink(holds=True))
    answer = submitter.submit(PIXELS)
    submitter.close()
    with pytest.raises(RunFailedError, match="closed before the answer"):
        answer_within(answer, LIMIT_S)


def test_a_caller_waits_no_longer_than_it_says() -> None:
    with pytest.raises(UnreachableError, match="no answer within"):
        answer_within(Submitter(AnsweringLink(holds=True)).submit(PIXELS), 0.001)


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        ({"y": 1}, "['y'] in it"),
        ({"sequence": 1}, "no x in it"),
        ({"x": 1, "sequence": 1.5}, "sequence = 1.5 of a sample: expected a whole number"),
        ({"x": 1, "stream": True}, "stream = True of a sample"),
    ],
)
def test_a_mapping_that_is_no_sample_is_refused_by_its_origin(item: object, reason: str) -> None:
    with pytest.raises(SampleError) as refused:
        Sample.of(item, "line 3")
    assert str(refused.value).startswith("line 3: ")
    assert reason in str(refused.value)
