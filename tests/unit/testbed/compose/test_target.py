"""Selecting containers by `SERVICE[:N]`."""

import pytest

from splitwave.common.errors import ConfigError
from splitwave.testbed.compose.containers import Part
from splitwave.testbed.compose.target import Target, parse_target


def part(service: str, number: int) -> Part:
    return Part(service, number, f"{service}{number}", "running", "", 0, 0, "", (), {})


TESTBED = [part("basestation", 1), part("channel", 1), part("device", 1), part("device", 2)]


@pytest.mark.parametrize(
    ("text", "target"),
    [("channel", Target("channel", None)), ("device:2", Target("device", 2)), ("device:12", Target("device", 12))],
)
def test_a_target_is_a_service_with_or_without_a_number(text: str, target: Target) -> None:
    assert parse_target(text) == target
    assert str(target) == text


@pytest.mark.parametrize(
    "text", ["", "device:", "device:0", "device:-1", "device:x", "device:1:2", "Device", ":1", "a b"]
)
def test_a_malformed_target_is_refused_with_the_expected_form(text: str) -> None:
    with pytest.raises(ConfigError, match=r"expected SERVICE or SERVICE:N"):
        parse_target(text)


def test_a_service_alone_means_its_only_container() -> None:
    assert parse_target("channel").choose_one(TESTBED).name == "channel-1"


def test_a_number_chooses_among_several() -> None:
    assert parse_target("device:2").choose_one(TESTBED).name == "device-2"


def test_a_service_of_several_containers_needs_a_number() -> None:
    with pytest.raises(ConfigError, match="device: there are several, name one of device:1, device:2"):
        parse_target("device").choose_one(TESTBED)


def test_all_containers_of_a_service_can_be_chosen() -> None:
    assert [each.name for each in parse_target("device").choose(TESTBED)] == ["device-1", "device-2"]


@pytest.mark.parametrize("text", ["antenna", "device:3"])
def test_an_unknown_target_is_refused_with_a_list_of_the_existing_ones(text: str) -> None:
    choices = "existing containers: basestation:1, channel:1, device:1, device:2"
    with pytest.raises(ConfigError, match=f"{text}: no such container; {choices}"):
        parse_target(text).choose_one(TESTBED)
