"""The settings that name networks of a user, and those that came after the first published results."""

import json

import pytest
from pydantic import ValidationError

from splitwave.common.config.run_config import RunConfig


def test_defaults_are_left_out_so_that_older_settings_keep_their_hash() -> None:
    settings = json.loads(RunConfig().canonical_json())
    assert "decoder" not in settings
    assert settings["encoder"] == {"backbone": "linear", "dimension": 28, "width": 1.0}
    assert RunConfig().config_hash == "782bb669c743159e52a37dcf5e75fcf7cebbe39fa6da547c3d00063d6173dd58"


def test_a_name_changes_the_hash_and_survives_the_handshake() -> None:
    config = RunConfig.model_validate({"encoder": {"network": "a.b:c"}, "decoder": {"network": "a:d"}})
    assert config.config_hash != RunConfig().config_hash
    assert RunConfig.from_handshake(config.canonical_json()) == config
    assert config.named_objects == {"encoder.network": "a.b:c", "decoder.network": "a:d"}


@pytest.mark.parametrize("name", ["a", "a:", ":b", "a b:c", "../a:b", "a.:b", "1:b", "a:b:c", "a:b\n"])
def test_a_name_that_is_no_module_and_object_is_refused(name: str) -> None:
    with pytest.raises(ValidationError, match=r"expected package\.module:object"):
        RunConfig.model_validate({"encoder": {"network": name}})


def test_a_backbone_that_two_networks_replace_is_refused() -> None:
    both = {"encoder": {"network": "a:b", "backbone": "mlp"}, "decoder": {"network": "a:c"}}
    with pytest.raises(
        ValidationError, match=r"encoder\.backbone = mlp does nothing without a network of the backbone"
    ):
        RunConfig.model_validate(both)
    RunConfig.model_validate({"encoder": both["encoder"]})  # whose decoder is used


def test_a_network_without_hyper_layers_is_refused_where_conditions_are_inputs() -> None:
    conditioned = {"hypernetwork": {"beta": [1e-3, 1.0]}, "objective": {"beta": 0.1}}
    with pytest.raises(ValidationError, match=r"hypernetwork: decoder\.network = a:b has no hyper-layers"):
        RunConfig.model_validate({**conditioned, "decoder": {"network": "a:b"}})


def test_each_channel_model_of_a_user_is_named_with_its_place() -> None:
    assert RunConfig.model_validate({"channel": {"model": "a:b"}}).named_objects == {"channel.model": "a:b"}
    several = RunConfig.model_validate({"channel": {"model": ["a:b", "awgn", "a:c"]}})
    assert several.named_objects == {"channel.model[0]": "a:b", "channel.model[2]": "a:c"}
