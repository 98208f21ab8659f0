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
            r"channel.model = 'awng' \(from --set .*\): there is no 'awng'; there are: awgn; did you mean 'awgn'\?",
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
    assert config.channel.models == ("awgn",)
