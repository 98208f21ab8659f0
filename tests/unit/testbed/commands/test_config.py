"""`splitwave config`, and the shipped config files."""

import json
from pathlib import Path

import pytest
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


def test_variables_of_other_origin_do_not_stop_a_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPLITWAVE_PORT", "tcp://10.0.0.1:50051")
    monkeypatch.setenv("SPLITWAVE_SERVICE_HOST", "10.0.0.1")
    monkeypatch.setenv("SPLITWAVE_ROOT", "/srv/splitwave")

    result = splitwave("config", "show")

    assert result.exit_code == ExitCode.OK
    assert result.stdout.startswith(f"# config_hash: {RunConfig().config_hash}\n")
    assert result.stderr == "warning: environment variable SPLITWAVE_ROOT is ignored: no such setting\n"


def test_a_mistake_in_a_file_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    path = tmp_path / "run.yaml"
    path.write_bytes(b"training:\n  epochs: 2024-13-45\n")

    result = splitwave("config", "show", "-c", str(path))

    assert result.exit_code == ExitCode.CONFIG
    assert result.stderr == (
        f"error: training.epochs = '2024-13-45' (from {path}, line 2, column 3): Input should be a valid integer\n"
    )
