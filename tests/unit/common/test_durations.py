"""Durations in options: numbers of seconds, which may be infinite, and what is refused."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from splitwave.common.durations import LONGEST_S, parse_duration, parse_span
from splitwave.common.errors import ConfigError


@given(st.floats(0, LONGEST_S))
def test_any_number_of_seconds_up_to_the_limit_is_a_duration(seconds: float) -> None:
    assert parse_duration(repr(seconds), "--wait") == seconds


@pytest.mark.parametrize("text", ["inf", "Infinity", "+inf"])
def test_an_infinite_duration_is_one(text: str) -> None:
    assert parse_duration(text, "--wait") == math.inf
    assert parse_duration(text, "--wait", above_zero=True) == math.inf


@pytest.mark.parametrize("text", ["nan", "-1", "-inf", "1e12", "1000000001", "", "soon", "1 s", "0x10"])
def test_nonsense_is_refused_by_name(text: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        parse_duration(text, "--wait")

    expected = "expected seconds, 0 or more, up to 1000000000, or inf for no limit"
    assert str(refusal.value) == f"--wait {text}: {expected}"


@pytest.mark.parametrize("text", ["0", "-0.0", "1e-400"])
def test_zero_is_refused_where_it_makes_no_sense(text: str) -> None:
    assert parse_duration(text, "--wait") == 0

    with pytest.raises(ConfigError, match=rf"^--wait {text}: expected seconds, more than 0, up to "):
        parse_duration(text, "--wait", above_zero=True)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("23h50m", 85_800.0), ("1d12h", 129_600.0), ("90s", 90.0), ("90", 90.0), ("5m", 300.0), ("1d2h3m4s", 93_784.0)],
)
def test_a_span_of_time_is_read_in_its_units(text: str, seconds: float) -> None:
    assert parse_span(text, "--stop-before") == seconds


@pytest.mark.parametrize("text", ["", "0", "0s", "h", "-5m", "5m1h", "1.5h", "10x", "99999999999"])
def test_what_is_no_span_of_time_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match=f"^--stop-before {text}: expected a span of time above 0, such as 23h50m"):
        parse_span(text, "--stop-before")
