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
    assert yaml.safe_load(to_yaml(RunConfig()))["fusion"] == {
        "policy": "all",
        "deadline_ms": None,
        "quorum": None,
        "down": [],
    }


@pytest.mark.usefixtures("toys")
def test_another_policy_is_part_of_hash_and_handshake() -> None:
    config = load_config(environment={}, overrides=["fusion.policy=toy-first-link"])

    assert config.config_hash != RunConfig().config_hash
    assert RunConfig.from_handshake(config.canonical_json()) == config


def test_an_unknown_policy_is_refused_with_the_known_names() -> None:
    names = r"there are: all, deadline, quorum; did you mean 'all'\?"
    with pytest.raises(ConfigError, match=r"fusion\.policy.* there is no 'al'; " + names):
        load_config(environment={}, overrides=["fusion.policy=al"])


@pytest.mark.parametrize("down", ["[2]", "[0, 1]", "[1, 1]"])
def test_links_that_are_down_are_different_links_of_the_run_and_not_all(down: str) -> None:
    with pytest.raises(ConfigError, match=r"fusion\.down = .* expected different links of 0 to 1, and not all"):
        load_config(environment={}, overrides=[f"fusion.down={down}"])


def test_link_dropout_is_part_of_hash_and_handshake_unless_it_is_0() -> None:
    assert "link_dropout" not in json.loads(RunConfig().canonical_json())["training"]
    config = load_config(environment={}, overrides=["training.link_dropout=0.2"])

    assert json.loads(config.canonical_json())["training"]["link_dropout"] == 0.2
    assert config.config_hash != RunConfig().config_hash == BEFORE
    assert RunConfig.from_handshake(config.canonical_json()) == config


@pytest.mark.parametrize("dropout", ["1", "-0.1", "nan"])
def test_link_dropout_is_a_probability_below_1(dropout: str) -> None:
    with pytest.raises(ConfigError, match=r"training\.link_dropout"):
        load_config(environment={}, overrides=[f"training.link_dropout={dropout}"])


def test_link_dropout_needs_a_second_link() -> None:
    with pytest.raises(ConfigError, match=r"training\.link_dropout = 0\.2 does nothing with links = 1"):
        load_config(environment={}, overrides=["links=1", "training.link_dropout=0.2"])


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["deadline_ms=50"], r"deadline_ms = 50\.0 does nothing without policy = deadline"),
        (
            ["policy=quorum", "quorum=1", "deadline_ms=50"],
            r"deadline_ms = 50\.0 does nothing without policy = deadline",
        ),
        (["quorum=1"], "quorum = 1 does nothing without policy = quorum"),
        (["policy=deadline"], "policy = deadline needs a value of deadline_ms"),
        (["policy=quorum"], "policy = quorum needs a value of quorum"),
        (["policy=deadline", "deadline_ms=0"], r"fusion\.deadline_ms"),
        (["policy=quorum", "quorum=0"], r"fusion\.quorum"),
        (["policy=quorum", "quorum=3"], r"fusion\.quorum = 3: expected 1 to 2, the number of links"),
    ],
)
def test_each_option_needs_its_policy_and_each_policy_its_option(overrides: list[str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_config(environment={}, overrides=[f"fusion.{each}" for each in overrides])


@pytest.mark.parametrize(
    ("overrides", "section"),
    [
        (["policy=deadline", "deadline_ms=50"], {"policy": "deadline", "deadline_ms": 50.0, "down": []}),
        (["policy=quorum", "quorum=2"], {"policy": "quorum", "quorum": 2, "down": []}),
        (["down=[1]"], {"policy": "all", "down": [1]}),
    ],
)
def test_options_without_a_value_are_left_out_of_the_hash(overrides: list[str], section: dict[str, object]) -> None:
    config = load_config(environment={}, overrides=[f"fusion.{each}" for each in overrides])
    assert json.loads(config.canonical_json())["fusion"] == section
    assert RunConfig.from_handshake(config.canonical_json()) == config
