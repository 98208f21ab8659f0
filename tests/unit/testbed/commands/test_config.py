"""`splitwave config`, and the shipped config files."""

import json
from pathlib import Path

import yaml

from splitwave.common.config.layers import load_config
from splitwave.common.config.run_config import RunConfig
from splitwave.common.exit_codes import ExitCode
from tests.unit.testbed.commands.command_line import CONFIGS, splitwave


def test_the_resolved_settings_are_a_config_file(tmp_path: Path) -> None:
    result = splitwave("config", "show", "--set", "seed=5", "--set", "training.learning_rate=1e-4")

    assert result.exit_code == ExitCode.OK
    (tmp_path / "shown.yaml").write_text(result.output)
    config = load_config(tmp_path / "shown.yaml", environment={})
    assert (config.seed, config.training.learning_rate) == (5, 1e-4)
    assert result.output.startswith(f"# config_hash: {config.config_hash}\n")


def test_the_schema_knows_every_section() -> None:
    result = splitwave("config", "schema")

    assert result.exit_code == ExitCode.OK
    assert json.loads(result.output)["properties"].keys() == RunConfig.model_fields.keys()


def test_the_demo_config_spells_out_the_defaults() -> None:
    path = CONFIGS / "demo.yaml"

    assert load_config(path, environment={}) == RunConfig()
    written, defaults = yaml.safe_load(path.read_text()), RunConfig().model_dump()
    assert {key: set(value) for key, value in written.items() if isinstance(value, dict)} == {
        key: set(value) for key, value in defaults.items() if isinstance(value, dict)
    }


def test_the_mnist_config_has_the_links_of_the_demo() -> None:
    config, demo = load_config(CONFIGS / "mnist-k2.yaml", environment={}), RunConfig()

    assert config.data.name == "mnist"
    assert config.links == demo.links == 2
    assert config.encoder == demo.encoder
    assert config.quantizer.breakpoints == demo.quantizer.breakpoints == 15
    assert config.channel == demo.channel
