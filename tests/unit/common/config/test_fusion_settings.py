"""The section `fusion`, which was added after the first checkpoints and results."""

import json
from pathlib import Path

import pytest
import yaml

from splitwave.common.config.layers import load_config, to_yaml
from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import ConfigError
from splitwave.common.records.manifest import Manifest

BEFORE = "782bb669c743159e52a37dcf5e75fcf7cebbe39fa6da547c3d00063d6173dd58"
"""The hash of the default settings."""


def test_the_default_does_not_change_hash_and_handshake() -> None:
    assert "fusion" not in json.loads(RunConfig().canonical_json())
    assert RunConfig().config_hash == BEFORE


def test_a_checkpoint_without_the_section_is_read_as_one_with_the_default(tmp_path: Path) -> None:
    settings = json.loads(RunConfig().canonical_json())
    settings.pop("fusion", None)
    Manifest(7, json.dumps(settings), ("a", "b"), "c").publish(tmp_path)

    manifest = Manifest.read(tmp_path)

    assert manifest.config == RunConfig()
    assert manifest.config.config_hash == RunConfig().config_hash
    manifest.check_fits(RunConfig(), tmp_path)


def test_the_resolved_settings_show_the_default() -> None:
    assert yaml.safe_load(to_yaml(RunConfig()))["fusion"] == {"policy": "all", "down": []}


@pytest.mark.usefixtures("toys")
def test_another_policy_is_part_of_hash_and_handshake() -> None:
    config = load_config(environment={}, overrides=["fusion.policy=toy-first-link"])

    assert config.config_hash != RunConfig().config_hash
    assert RunConfig.from_handshake(config.canonical_json()) == config


def test_an_unknown_policy_is_refused_with_the_known_names() -> None:
    with pytest.raises(ConfigError, match=r"fusion\.policy.* there is no 'al'; there are: all; did you mean 'all'\?"):
        load_config(environment={}, overrides=["fusion.policy=al"])


@pytest.mark.parametrize("down", ["[2]", "[0, 1]", "[1, 1]"])
def test_links_that_are_down_are_different_links_of_the_run_and_not_all(down: str) -> None:
    with pytest.raises(ConfigError, match=r"fusion\.down = .* expected different links of 0 to 1, and not all"):
        load_config(environment={}, overrides=[f"fusion.down={down}"])
