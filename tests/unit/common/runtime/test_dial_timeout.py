"""`--dial-timeout`, of the services that dial a peer."""

import argparse

import pytest

from splitwave.common.errors import ConfigError
from splitwave.common.runtime.dial_timeout import add_dial_option, dial_timeout_of
from splitwave.common.runtime.rpc import client_options


def parse(*arguments: str) -> float:
    parser = argparse.ArgumentParser()
    add_dial_option(parser)
    return dial_timeout_of(parser.parse_args(arguments))


def test_by_default_a_dial_may_take_two_round_trips_of_a_link_with_seconds_of_delay() -> None:
    assert parse() > 2 * 2 * 2.3


@pytest.mark.parametrize("seconds", ["0.1", "3", "3600"])
def test_the_deadline_of_a_dial_is_a_setting(seconds: str) -> None:
    assert parse(f"--dial-timeout={seconds}") == float(seconds)


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "inf", "1e12", "0.05"])
def test_a_deadline_that_no_dial_can_keep_is_refused_by_name(seconds: str) -> None:
    with pytest.raises(ConfigError) as error:
        parse(f"--dial-timeout={seconds}")
    assert str(error.value) == f"--dial-timeout {float(seconds):g}: expected seconds, from 0.1 to 3600"


@pytest.mark.parametrize(("seconds", "backoff_ms"), [(20.0, 1_000), (0.5, 500)])
def test_the_deadline_does_not_lengthen_the_back_off(seconds: float, backoff_ms: int) -> None:
    options = dict(client_options(seconds))
    assert options["grpc.min_reconnect_backoff_ms"] == 1_000 * seconds
    assert options["grpc.initial_reconnect_backoff_ms"] == backoff_ms
    assert options["grpc.max_reconnect_backoff_ms"] == 2_000
