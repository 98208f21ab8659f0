"""The task of classification: answers, errors and chance level."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from splitwave.common.errors import DataError, ProtocolError
from splitwave.common.tasks.classification import Classification, wilson_interval

TASK = Classification(3)


def no_training_targets() -> NDArray[np.int64]:
    raise AssertionError("the training split must not be read")


def test_a_decoder_has_one_logit_per_class() -> None:
    assert Classification(7).outputs == 7


def test_the_answer_is_the_class_of_the_largest_logit_and_the_first_of_equal_ones() -> None:
    logits = np.array([[0.0, 2.0, 1.0], [3.0, 0.0, 3.0], [-1.0, -2.0, -0.5]], dtype=np.float32)
    answers = TASK.answers(logits)
    assert answers.dtype == TASK.answer_dtype
    assert answers.tolist() == [1, 0, 2]


def test_errors_count_wrong_classes() -> None:
    assert TASK.errors(np.array([1, 0, 2], dtype=np.uint8), np.array([1, 2, 2])) == 1.0


@pytest.mark.parametrize(
    ("targets", "reason"),
    [
        (np.array([0, 3]), "classes 0 to 3: expected 0 to 2"),
        (np.array([-1, 2]), "classes -1 to 2: expected 0 to 2"),
        (np.array([0.0, 1.0], dtype=np.float32), "float32 targets: expected int64 classes"),
    ],
)
def test_targets_that_are_not_classes_are_refused(targets: NDArray[np.int64], reason: str) -> None:
    TASK.check_targets(np.array([0, 2]))
    with pytest.raises(DataError, match=reason):
        TASK.check_targets(targets)


def test_an_answer_that_is_not_a_class_is_refused() -> None:
    TASK.check_answers(np.array([2], dtype=np.uint8))
    with pytest.raises(ProtocolError, match="class 3 in a prediction: expected 0 to 2"):
        TASK.check_answers(np.array([2, 3], dtype=np.uint8))


def test_the_chance_level_is_that_of_the_commonest_class_of_the_test_split() -> None:
    level = Classification(10).chance_level(no_training_targets, np.array([3, 1, 3, 9, 3, 1, 0, 2], dtype=np.int64))

    assert level.error == 5 / 8
    assert level.margin == pytest.approx(2 * math.sqrt(5 / 8 * 3 / 8 / 8), rel=1e-12)


def test_an_error_rate_has_wilsons_interval() -> None:
    assert TASK.error_interval(0.25, 20) == wilson_interval(0.25, 20)


def test_wilsons_interval_satisfies_its_equation() -> None:
    # Both ends of the interval solve |p̂ − p| = z·√(p(1 − p)/n).
    for share, count in ((0.25, 20), (0.0, 7), (1.0, 7), (0.062, 1000)):
        for end in wilson_interval(share, count):
            assert abs(share - end) == pytest.approx(1.959964 * np.sqrt(end * (1 - end) / count), rel=1e-9, abs=1e-12)
    assert wilson_interval(0.0, 7)[0] == 0.0
    assert wilson_interval(1.0, 7)[1] == 1.0
