"""What is asked of the base station."""

import pytest

from splitwave.common.tasks.task import Classification, Regression, root_in_metres


def test_a_classifier_has_a_logit_a_class_and_an_estimator_one_output() -> None:
    assert (Classification(7).outputs, Regression(50.0, 28.0).outputs) == (7, 1)


def test_light_travels_30_centimetres_in_the_root_of_a_square_nanosecond() -> None:
    assert root_in_metres(1.0) == pytest.approx(0.299792458, rel=1e-12)
    assert root_in_metres(100.0) == pytest.approx(2.99792458, rel=1e-12)
