"""The task of estimating propagation times: answers, errors and chance level."""

import numpy as np
import pytest
from numpy.typing import NDArray

from splitwave.common.errors import DataError, ProtocolError
from splitwave.common.tasks.regression import Regression, root_in_metres
from splitwave.common.tasks.task import Task

TASK = Regression(offset_ns=50.0, scale_ns=20.0)


def times(*values: float) -> NDArray[np.float32]:
    return np.array(values, dtype=np.float32)


def test_a_decoder_has_one_output() -> None:
    assert TASK.outputs == 1


def test_the_root_of_one_square_nanosecond_is_30_centimetres() -> None:
    assert root_in_metres(1.0) == pytest.approx(0.299792458, rel=1e-12)
    assert root_in_metres(100.0) == pytest.approx(2.99792458, rel=1e-12)


def test_answers_are_nanoseconds_and_errors_are_squared_deviations() -> None:
    answers = TASK.answers(times(0.0, -1.0, 2.0)[:, None])
    assert answers.dtype == TASK.answer_dtype
    assert answers.tolist() == [50.0, 30.0, 90.0]
    assert TASK.errors(answers, times(50.0, 40.0, 100.0)) == 200.0


def test_a_mean_square_has_no_interval() -> None:
    task: Task = TASK
    assert task.error_interval(200.0 / 3, 3) is None


def test_squared_errors_are_summed_in_double_precision() -> None:
    times_ns = times(1e-4, 1e-4, 1e-4)
    errors = TASK.errors(times(1e4, 1e-4, 0.0), times_ns)
    assert errors == float((1e4 - np.float64(times_ns[0])) ** 2 + np.float64(times_ns[0]) ** 2)


@pytest.mark.parametrize(
    ("targets", "reason"),
    [
        (times(1.0, np.nan, np.inf), "2 times are not finite"),
        (np.array([1, 2]), "int64 targets: expected float32 nanoseconds"),
    ],
)
def test_targets_that_are_not_finite_times_are_refused(targets: NDArray[np.float32], reason: str) -> None:
    TASK.check_targets(times(1.0, -2.0))
    with pytest.raises(DataError, match=reason):
        TASK.check_targets(targets)


def test_an_answer_that_is_not_finite_is_refused() -> None:
    TASK.check_answers(times(1.0, -2.0))
    with pytest.raises(ProtocolError, match="1 predicted times are not finite"):
        TASK.check_answers(times(1.0, np.nan))


def test_the_chance_level_is_that_of_the_mean_of_the_training_targets() -> None:
    level = TASK.chance_level(lambda: times(10, 20, 60), times(30, 33, 21))

    assert level.error == pytest.approx((0**2 + 3**2 + 9**2) / 3, rel=1e-12)
    assert level.margin == 0
