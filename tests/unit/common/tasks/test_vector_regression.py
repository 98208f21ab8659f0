"""The task of estimating several quantities: answers, errors and chance level, with one unit and with two."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from splitwave.basestation.learning.losses import loss_of
from splitwave.common.errors import DataError, ProtocolError
from splitwave.common.tasks.vector_regression import VectorRegression

POSITION = VectorRegression(("x", "y"), ("m", "m"), mean=(10.0, 20.0), deviation=(2.0, 4.0))
MIXED = VectorRegression(("distance", "angle"), ("m", "rad"), mean=(10.0, 20.0), deviation=(2.0, 4.0))


def rows(*values: tuple[float, ...]) -> NDArray[np.float32]:
    return np.array(values, dtype=np.float32)


def test_answers_are_in_the_units_of_the_quantities() -> None:
    assert POSITION.outputs == POSITION.answer_size == 2
    assert POSITION.answers(rows((0.0, 0.0), (1.0, -1.0))).tolist() == [[10.0, 20.0], [12.0, 16.0]]


def test_an_error_is_the_squared_distance_if_all_quantities_have_one_unit() -> None:
    assert POSITION.errors(rows((10.0, 20.0), (0.0, 0.0)), rows((13.0, 24.0), (1.0, 0.0))) == 26.0
    assert POSITION.wording.error_in_full(25.0) == "25.000 (m)² (5.000 m)"
    assert POSITION.wording.error_key == "mse"


def test_quantities_with_different_units_are_compared_by_their_deviations() -> None:
    assert MIXED.errors(rows((10.0, 20.0)), rows((14.0, 24.0))) == 4.0 + 1.0
    assert MIXED.wording.error_key == "standardised_mse"
    assert MIXED.wording.error_in_full(4.0) == "4.000 (2.000)"


def test_the_loss_is_the_mean_of_the_standardised_squares() -> None:
    losses = loss_of(POSITION)(torch.tensor([[0.5, 0.0]]), torch.tensor([[12.0, 24.0]]))
    assert losses.tolist() == [(0.25 + 1.0) / 2]


def test_the_trivial_answer_is_the_mean_of_the_training_targets() -> None:
    level = POSITION.chance_level(lambda: rows((0.0, 0.0), (2.0, 2.0)), rows((1.0, 1.0), (1.0, 3.0)))
    assert level.error == 2.0


@pytest.mark.parametrize(
    ("targets", "reason"),
    [
        (rows((1.0, np.nan), (np.inf, 0.0)), "2 targets are not finite"),
        (rows((1.0, 2.0, 3.0)), r"targets \(1, 3\) float32: expected float32 of shape \(N, 2\)"),
        (np.array([1, 2]), r"targets \(2,\) int64"),
    ],
)
def test_targets_of_another_kind_are_refused(targets: NDArray[np.float32], reason: str) -> None:
    with pytest.raises(DataError, match=reason):
        POSITION.check_targets(targets)


def test_an_answer_that_is_not_finite_is_refused() -> None:
    POSITION.check_answers(rows((1.0, 2.0)))
    with pytest.raises(ProtocolError, match="1 predicted numbers are not finite"):
        POSITION.check_answers(rows((1.0, np.inf)))
