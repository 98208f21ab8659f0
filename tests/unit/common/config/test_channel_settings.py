"""The setting `channel.model`: a name, or a list of names."""

import pytest

from splitwave.common.config.layers import load_config
from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import ConfigError


@pytest.mark.parametrize(
    ("written", "message"),
    [
        (
            "awng",
            r"channel.model = 'awng' \(from --set .*\): there is no 'awng'; there are: awgn, .*; did you mean 'awgn'\?",
        ),
        ("[awgn, rice]", r"channel.model = \['awgn', 'rice'\] .*: there is no 'rice'; there are: awgn"),
        ("[awgn, awgn]", r"channel.model = .*: expected a name, or a list in which each is named once"),
        ("[]", r"channel.model = \[\] .*: expected a name, or a list in which each is named once"),
        ("3", r"channel.model = 3 .*: Input should be a valid string"),
    ],
)
def test_an_invalid_channel_model_is_refused_with_its_value(written: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_config(environment={}, overrides=[f"channel.model={written}"])


@pytest.mark.parametrize("written", ["awgn", "[awgn]"])
def test_a_list_of_one_name_is_equal_to_that_name(written: str) -> None:
    """Equal runs have equal settings, on the wire and in their hash."""
    config = load_config(environment={}, overrides=[f"channel.model={written}"])
    assert config == RunConfig()
    assert '"model":"awgn"' in config.canonical_json()
    assert [choice.name for choice in config.channel.chain(1)] == ["awgn"]


def test_chains_may_differ_from_link_to_link() -> None:
    written = "[[{name: 'a:b', depth: 2}, awgn], [awgn]]"
    config = load_config(environment={}, overrides=[f"channel.model={written}"])
    assert [choice.name for choice in config.channel.chain(0)] == ["a:b", "awgn"]
    assert config.channel.chain(0)[0].options == {"depth": 2}
    assert [choice.name for choice in config.channel.chain(1)] == ["awgn"]
    assert config.channel.named_models == {"channel.model[0][0]": "a:b"}
    assert RunConfig.model_validate_json(config.canonical_json()) == config


def test_equal_chains_are_one_chain() -> None:
    assert load_config(environment={}, overrides=["channel.model=[[awgn], [awgn]]"]) == RunConfig()


def test_a_chain_too_few_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"channel\.model has 3 lists of models for 2 links: give one, or one a link"):
        load_config(environment={}, overrides=["channel.model=[[awgn], [awgn], ['a:b']]"])


def test_the_sections_of_the_radio_leave_the_hash_of_earlier_runs_as_it_was() -> None:
    assert "receiver" not in RunConfig().canonical_json()


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("receiver={equaliser: mmse}", r"equaliser = mmse needs channel state: csi = perfect or estimated"),
        ("receiver={csi: perfect, pilots: 8}", r"pilots = 8 does nothing without csi = estimated"),
        ("digital={code: hamming-7-4}", r"code = hamming-7-4 does nothing without a modulation"),
    ],
)
def test_a_setting_of_the_radio_without_effect_is_refused(written: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_config(environment={}, overrides=[f"channel.{written}"])
