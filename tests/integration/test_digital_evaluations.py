"""A run in digital mode, from Python and by its stages."""

from typing import Any

import numpy as np
import pytest

import splitwave as sw
from splitwave.common.data.catalog import load_images, load_labels
from splitwave.common.errors import DataError


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> sw.TrainingResult:
    settings: dict[str, Any] = {
        "encoder": {"dimension": 6},
        "channel": {"digital": {"modulation": "qpsk", "code": "hamming-7-4"}},
        "training": {"epochs": 1},
        "inference": {"latency_samples": 2},
    }
    return sw.train(settings, results=tmp_path_factory.mktemp("results"))


def test_stage_by_stage_gives_the_errors_of_an_evaluation(trained: sw.TrainingResult) -> None:
    model = trained.load()
    labels = load_labels("mnist5k", "test", None)
    symbols = model.encode(load_images("mnist5k", "test", None))
    errors = [float(np.mean(model.decode(model.transmit(symbols, psnr_db=db)) != labels)) for db in (0.0, 10.0)]
    assert errors == [point.errors[0] for point in model.evaluate(psnr_db=(0.0, 10.0)).points]
    assert errors[1] == trained.error
    assert errors[0] > errors[1]


def test_over_a_good_link_what_was_sent_is_received(trained: sw.TrainingResult) -> None:
    model = trained.load()
    symbols = model.encode(load_images("mnist5k", "test", None)[:40])
    np.testing.assert_array_equal(model.transmit(symbols, psnr_db=30.0), symbols.values)


def test_amplitudes_without_level_indices_are_refused(trained: sw.TrainingResult) -> None:
    with pytest.raises(DataError, match=r"channel\.digital\.modulation = qpsk: expected the symbols that `encode`"):
        trained.load().transmit(np.zeros((2, 4, 6), np.float32))


def test_the_summary_counts_the_airtime_of_the_coded_symbols(trained: sw.TrainingResult) -> None:
    """6 features of 4 bits are 24 bits, 42 coded bits and 21 symbols."""
    assert trained.summary["airtime_ms"] == pytest.approx(21 / 9.6)
    assert trained.summary["payload_bits_per_sample_per_link"] == 24
