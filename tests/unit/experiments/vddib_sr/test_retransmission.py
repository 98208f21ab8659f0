from math import inf

import pytest
import torch

from splitwave.experiments.vddib_sr.evaluation import Predictions
from splitwave.experiments.vddib_sr.retransmission import sweep
from splitwave.experiments.vddib_sr.settings import THRESHOLDS, EncodingSettings


def two_class_predictions() -> Predictions:
    """Decoder 1 gives class 0 with 0.6, 0.7, 0.8, 0.9, wrongly on samples 1 and 3; decoder 2 is wrong on the last."""
    confidence = torch.tensor([0.6, 0.7, 0.8, 0.9], dtype=torch.float64)
    first = torch.stack([confidence, 1 - confidence], dim=1).log()
    labels = torch.tensor([1, 0, 1, 0])
    said = torch.tensor([1, 0, 1, 1])
    return Predictions(first, torch.nn.functional.one_hot(said, 2).double(), labels)


def test_round_2_is_sent_only_if_the_confidence_is_below_the_threshold() -> None:
    encoding = EncodingSettings(first=4, second=6, bits=2)
    points = sweep(two_class_predictions(), 3, encoding, [0.0, 0.65, 0.85, inf])
    assert [point.ratio for point in points] == [0.0, 0.25, 0.75, 1.0]
    assert [point.error_rate for point in points] == [0.5, 0.25, 0.0, 0.25]


def test_bits_are_k_times_d1_plus_d2_times_ratio_times_n_and_time_is_symbols_over_9600_baud() -> None:
    encoding = EncodingSettings(first=4, second=6, bits=2)
    points = sweep(two_class_predictions(), 3, encoding, [0.0, 0.85, inf])
    assert [point.bits for point in points] == [3 * 4 * 2, 3 * (4 + 6 * 0.75) * 2, 3 * 10 * 2]
    assert [point.latency_s for point in points] == pytest.approx([4 / 9600, 8.5 / 9600, 10 / 9600])


def test_unquantized_symbols_cost_32_bits() -> None:
    (point,) = sweep(two_class_predictions(), 2, EncodingSettings(first=4, second=6, bits=0), [inf])
    assert point.bits == 2 * 10 * 32


def test_the_thresholds_range_from_never_to_always_even_for_a_certain_decoder() -> None:
    certain = Predictions(torch.tensor([[1e4, 0.0]]), torch.tensor([[0.0, 1.0]]), torch.tensor([1]))
    points = sweep(certain, 1, EncodingSettings())
    assert [(point.ratio, point.error_rate) for point in (points[0], points[-1])] == [(0.0, 1.0), (1.0, 0.0)]
    assert sorted(THRESHOLDS) == list(THRESHOLDS)
