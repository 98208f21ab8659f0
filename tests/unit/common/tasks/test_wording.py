"""The names and units of a task's numbers. Tests of results, lines and figures pin those of the built-in tasks."""

import math

from splitwave.common.tasks.wording import ReadableError, Wording

PLAIN = Wording(
    distortion="absolute error",
    distortion_short="AE",
    distortion_key="absolute_error",
    error="mean absolute error",
    error_key="mae_levels",
    unit="levels",
    trivial_answer="the median level",
)
HALVES = Wording(
    distortion="information",
    distortion_short="I",
    distortion_key="information",
    distortion_unit="bits",
    error="mean of halves",
    error_key="halves",
    epoch_error_key="half",
    unit="%",
    scale=100.0,
    decimals=1,
    readable=ReadableError("twice", "wholes", "pieces", lambda halves: 2 * halves),
    trivial_answer="nothing",
)


def test_names_in_files_are_derived_from_one_key() -> None:
    assert PLAIN.metrics_keys == {
        "distortion": "absolute_error",
        "training_error": "training_mae_levels",
        "validation_error": "validation_mae_levels",
    }
    assert PLAIN.interval_key == "mae_levels_interval"
    assert HALVES.metrics_keys["training_error"] == "training_half"


def test_a_number_has_its_unit() -> None:
    assert PLAIN.distortion_in_full(0.25) == "absolute error 0.2500"
    assert HALVES.distortion_in_full(0.25) == "information 0.2500 bits"
    assert HALVES.distortion_in_short(0.25) == "I 0.2500"
    assert PLAIN.error_in_full(0.25) == PLAIN.error_in_short(0.25) == PLAIN.error_in_remark(0.25) == "0.250 levels"
    assert HALVES.error_in_full(0.25) == "25.0 % (0.500 pieces)"
    assert HALVES.error_in_short(0.25) == "0.500 pieces"
    assert HALVES.error_in_remark(0.123456) == "0.2469 pieces"
    assert HALVES.interval(0.25, 0.5) == "25.0 to 50.0 %"


def test_a_very_large_number_has_few_digits() -> None:
    assert PLAIN.error_in_full(2.36157e31) == "2.36e+31 levels"
    assert PLAIN.distortion_in_short(math.inf) == "AE inf"
    assert PLAIN.error_in_remark(math.nan) == "nan"


def test_an_axis_has_the_name_and_unit_of_its_numbers() -> None:
    assert (PLAIN.distortion_axis, HALVES.distortion_axis) == ("absolute error", "information (bits/sample)")
    assert (PLAIN.error_axis, PLAIN.on_axis(0.25)) == ("mean absolute error (levels)", 0.25)
    assert (HALVES.error_axis, HALVES.on_axis(0.25)) == ("twice (pieces)", 0.5)
    assert (PLAIN.mean_error_axis, HALVES.mean_error_axis) == ("mean absolute error (levels)", "mean of halves")


def test_an_error_in_per_cent_is_a_share() -> None:
    assert (PLAIN.is_share, HALVES.is_share) == (False, True)
