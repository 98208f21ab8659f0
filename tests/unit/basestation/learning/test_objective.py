"""What the base station's outputs mean: losses, answers and errors of both tasks."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from splitwave.basestation.learning.objective import CrossEntropy, SquaredError, objective_of
from splitwave.common.tasks.task import Classification, Regression

TASK = Regression(offset_ns=50.0, scale_ns=20.0)
LOGITS = torch.tensor([[0.0, 2.0, 1.0], [3.0, 0.0, 0.0], [0.0, 0.0, 5.0]])
CLASSES = torch.tensor([1, 2, 2])


def test_each_task_has_its_objective() -> None:
    assert isinstance(objective_of(Classification(10)), CrossEntropy)
    assert isinstance(objective_of(TASK), SquaredError)


def test_a_class_costs_its_cross_entropy_and_an_error_is_a_wrong_one() -> None:
    objective = CrossEntropy()
    expected = torch.logsumexp(LOGITS, dim=1) - LOGITS[torch.arange(3), CLASSES]
    torch.testing.assert_close(objective.losses(LOGITS, CLASSES), expected)
    assert torch.equal(objective.losses(LOGITS, CLASSES), functional.cross_entropy(LOGITS, CLASSES, reduction="none"))
    answers = objective.answers(LOGITS)
    assert answers.dtype == np.uint8
    assert answers.tolist() == [1, 0, 2]
    assert objective.errors(answers, CLASSES.numpy()) == 1.0


def test_a_time_costs_its_standardised_squared_error_and_errs_in_square_nanoseconds() -> None:
    objective, outputs = SquaredError(TASK), torch.tensor([[0.0], [-1.0], [2.0]])
    times_ns = torch.tensor([50.0, 40.0, 100.0])
    torch.testing.assert_close(objective.losses(outputs, times_ns), torch.tensor([0.0, 0.25, 0.25]))
    answers = objective.answers(outputs)
    assert answers.dtype == np.float32
    assert answers.tolist() == [50.0, 30.0, 90.0]
    assert objective.errors(answers, times_ns.numpy()) == 200.0


def test_an_error_is_the_loss_in_square_nanoseconds() -> None:
    rng = torch.Generator().manual_seed(0)
    outputs, times_ns = torch.randn(100, 1, generator=rng), 100 * torch.rand(100, generator=rng)
    objective = SquaredError(TASK)
    loss = objective.losses(outputs, times_ns).sum().item()
    errors = objective.errors(objective.answers(outputs), times_ns.numpy())
    assert errors == pytest.approx(loss * TASK.scale_ns**2, rel=1e-5)


def test_squared_errors_are_summed_in_double_precision() -> None:
    times_ns = np.full(3, 1e-4, dtype=np.float32)
    errors = SquaredError(TASK).errors(np.array([1e4, 1e-4, 0.0], dtype=np.float32), times_ns)
    assert errors == float((1e4 - np.float64(times_ns[0])) ** 2 + np.float64(times_ns[0]) ** 2)
