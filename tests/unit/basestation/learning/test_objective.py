"""The losses, answers and errors of both built-in tasks, computed from the outputs of the decoder."""

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch.nn import functional

from splitwave.basestation.learning.objective import Objective
from splitwave.common.errors import ConfigError
from splitwave.common.tasks.classification import Classification
from splitwave.common.tasks.regression import Regression

TASK = Regression(offset_ns=50.0, scale_ns=20.0)
LOGITS = torch.tensor([[0.0, 2.0, 1.0], [3.0, 0.0, 0.0], [0.0, 0.0, 5.0]])
CLASSES = torch.tensor([1, 2, 2])


def test_classification_has_the_cross_entropy_as_its_loss_and_counts_wrong_classes() -> None:
    objective = Objective(Classification(3))
    expected = torch.logsumexp(LOGITS, dim=1) - LOGITS[torch.arange(3), CLASSES]
    torch.testing.assert_close(objective.losses(LOGITS, CLASSES), expected)
    assert torch.equal(objective.losses(LOGITS, CLASSES), functional.cross_entropy(LOGITS, CLASSES, reduction="none"))
    answers = objective.answers(LOGITS)
    assert answers.dtype == np.uint8
    assert answers.tolist() == [1, 0, 2]
    assert objective.errors(answers, CLASSES.numpy()) == 1.0


def test_regression_has_the_standardised_squared_error_as_its_loss_and_errors_in_square_nanoseconds() -> None:
    objective, outputs = Objective(TASK), torch.tensor([[0.0], [-1.0], [2.0]])
    times_ns = torch.tensor([50.0, 40.0, 100.0])
    torch.testing.assert_close(objective.losses(outputs, times_ns), torch.tensor([0.0, 0.25, 0.25]))
    answers = objective.answers(outputs)
    assert answers.dtype == np.float32
    assert answers.tolist() == [50.0, 30.0, 90.0]
    assert objective.errors(answers, times_ns.numpy()) == 200.0


def test_the_error_of_a_regression_is_its_loss_in_square_nanoseconds() -> None:
    rng = torch.Generator().manual_seed(0)
    outputs, times_ns = torch.randn(100, 1, generator=rng), 100 * torch.rand(100, generator=rng)
    objective = Objective(TASK)
    loss = objective.losses(outputs, times_ns).sum().item()
    errors = objective.errors(objective.answers(outputs), times_ns.numpy())
    assert errors == pytest.approx(loss * TASK.scale_ns**2, rel=1e-5)


def test_answers_equal_those_of_torch_bit_for_bit() -> None:
    rng = torch.Generator().manual_seed(1)
    logits, times = torch.randn(1000, 10, generator=rng).round(decimals=1), torch.randn(1000, 1, generator=rng)
    task = Regression(51.7, 27.92)
    assert (logits.max(dim=1, keepdim=True).values == logits).sum() > len(
        logits
    )  # some samples have two equal largest logits
    np.testing.assert_array_equal(Objective(Classification(10)).answers(logits), logits.argmax(dim=1).numpy())
    np.testing.assert_array_equal(
        Objective(task).answers(times), (task.offset_ns + task.scale_ns * times.squeeze(1)).numpy()
    )


@dataclass(frozen=True)
class _Lossless(Classification):
    loss = "splitwave.basestation.learning.losses:no_such_loss"


def test_a_loss_that_cannot_be_imported_is_an_error_that_names_it() -> None:
    with pytest.raises(ConfigError, match=r"losses:no_such_loss, cannot be imported: "):
        Objective(_Lossless(3))
