"""Tolerances for single precision, compared with the errors of sums whose order and cancellation are known."""

import numpy as np
import torch

from tests.unit.single_rounding import UNIT, single_tolerances


def test_sums_in_any_order_are_within_the_tolerance_and_not_all_within_a_tenth_of_it() -> None:
    terms = torch.rand(1000, generator=torch.Generator().manual_seed(0))
    exact = terms.double().sum()
    [tolerance] = single_tolerances(lambda: [terms.double().sum()])
    rng = np.random.default_rng(0)
    one_by_one = [np.cumsum(rng.permutation(terms.numpy()), dtype=np.float32)[-1] for _ in range(20)]
    errors = [abs(float(each) - exact.item()) for each in one_by_one]
    assert 0.1 * tolerance < max(errors) < tolerance


def test_a_difference_of_zero_has_the_tolerance_of_its_operands() -> None:
    factor = torch.tensor([3.0], dtype=torch.float64)
    exact, [tolerance] = factor / 3 * 100 - 100, single_tolerances(lambda: [factor / 3 * 100 - 100])
    assert exact.item() == 0
    assert 100 * UNIT / 2 < tolerance < 100 * UNIT * 10


def test_a_result_without_rounding_has_no_tolerance() -> None:
    assert single_tolerances(lambda: [torch.ones(3, dtype=torch.float64)[:2], torch.empty(0)]) == [0.0, 0.0]


def test_tolerances_cover_the_rounding_of_gradients() -> None:
    x = torch.tensor([2.0], dtype=torch.float64, requires_grad=True)
    [tolerance] = single_tolerances(lambda: torch.autograd.grad((x * x * x).sum(), [x]))
    assert 12 * UNIT / 2 < tolerance < 12 * UNIT * 10
