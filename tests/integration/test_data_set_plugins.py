"""Runs on data sets and tasks of other packages, in one process and over the wire, from the settings to the report."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from splitwave.basestation.run.run_context import Labels
from splitwave.common.config.layers import load_config
from splitwave.common.config.run_config import RunConfig
from splitwave.common.data.catalog import DATA_SETS, fingerprint, load_labels
from splitwave.common.data.dataset import DataSet
from splitwave.common.errors import ConfigError, ProtocolError
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.link_contract import link_contract
from splitwave.common.protocol.messages import Downlink, Prediction
from splitwave.common.protocol.phases import Phase, Symbols
from splitwave.common.records.checkpoint import combined_sha256
from splitwave.common.tasks.task import Task
from splitwave.common.wire.downlink import downlink_from_proto, downlink_to_proto
from splitwave.device.learning.views import load_views
from splitwave.experiments.inprocess_run import open_run
from splitwave.testbed.execution import RunRequest, execute
from tests.integration.testbed import TinyData, run_distributed

pytestmark = pytest.mark.usefixtures("toys")

TOYS = {"toy-bars": "splitwave_toys.bars", "toy-brightness": "splitwave_toys.brightness"}


def config_of(name: str, epochs: int = 1) -> RunConfig:
    return RunConfig.model_validate(
        {
            "data": {"name": name, "validation": 5},
            "encoder": {"dimension": 4},
            "training": {"epochs": epochs, "batch_size": 8, "learning_rate": 1e-2},
            "inference": {"block_size": 4, "latency_samples": 6},
        }
    )


@pytest.mark.parametrize("name", TOYS)
def test_a_data_set_of_another_package_is_found_by_its_name(name: str) -> None:
    data_set = DATA_SETS.load(name)

    assert data_set is sys.modules[TOYS[name]]
    assert isinstance(data_set, DataSet)
    assert isinstance(data_set.TASK, Task)
    assert DATA_SETS.names[-2:] == ("toy-bars", "toy-brightness")
    assert config_of(name).view_shape == (1, 2, 4)


def test_the_name_of_a_plugin_is_a_valid_setting(tmp_path: Path) -> None:
    (tmp_path / "run.yaml").write_text("data: {name: toy-bars}", encoding="utf-8")
    assert load_config(tmp_path / "run.yaml", environment={}).data.name == "toy-bars"
    assert "toy-bars" in RunConfig.model_json_schema()["$defs"]["DataSettings"]["properties"]["name"]["enum"]
    with pytest.raises(ConfigError, match=r"data\.name = 'toy-bar' .*did you mean 'toy-bars'"):
        load_config(overrides=["data.name=toy-bar"], environment={})


def test_reading_settings_imports_only_the_named_data_set_and_no_torch() -> None:
    said = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys\n"
            "from splitwave.common.config.layers import load_config\n"
            "config = load_config(overrides=['data.name=toy-brightness'], environment={})\n"
            "print(*(name for name in sys.modules if 'toy' in name))\n"
            "config.task.outputs, config.view_shape\n"
            "print(*(name for name in sys.modules if 'toy' in name or name in ('torch', 'pooch')))",
        ],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    assert said[0] == ""
    assert set(said[1].split()) == {"splitwave_toys", "splitwave_toys.brightness", "splitwave_toys.levels"}


def reported(tmp_path: Path, name: str, epochs: int = 1) -> tuple[Path, dict[str, object]]:
    """The results folder of a run with the in-process engine, and its summary."""
    folder = execute(RunRequest("toy", config_of(name, epochs), "inprocess", None, tmp_path))
    summary: dict[str, object] = json.loads((folder / "summary.json").read_text())
    return folder, summary


def test_a_run_on_a_plugin_data_set_is_trained_and_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, summary = reported(tmp_path, "toy-bars")

    assert summary["data"] == "toy-bars"
    assert isinstance(summary["error_rate"], float)
    assert "test error, hard symbols  " in capsys.readouterr().out


def test_a_task_of_another_package_is_reported_with_the_wording_of_that_task(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, summary = reported(tmp_path, "toy-brightness")

    assert list(summary)[:3] == ["mae_levels", "mae_levels_soft", "mae_levels_hard_minus_soft"]
    served = summary["served"]
    assert isinstance(served, dict)
    assert list(served) == ["queries", "distinct_samples", "mae_levels"]
    (epoch,) = (json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines())
    assert list(epoch) == [
        "epoch", "step", "absolute_error", "rate_nats", "training_mae_levels", "validation_mae_levels",
        "samples_per_s", "seconds",
    ]  # fmt: skip
    printed = capsys.readouterr().out
    assert f"test error, hard symbols  {summary['mae_levels']:.3f} levels\n" in printed
    assert "error_rate" not in printed
    assert {path.name for path in (folder / "figs").iterdir()} >= {"training.png", "latency.png"}


@pytest.mark.e2e
def test_training_reduces_the_error_of_a_task_of_another_package(tmp_path: Path) -> None:
    _, summary = reported(tmp_path, "toy-brightness", epochs=40)

    chance = DATA_SETS.load("toy-brightness").TASK.chance_level(
        lambda: load_labels("toy-brightness", "train", None), load_labels("toy-brightness", "test", None)
    )
    assert chance.error == 1.2
    error = summary["mae_levels"]
    assert isinstance(error, float)
    assert error < 0.5
    assert "remarks" not in summary


@pytest.mark.parametrize("name", TOYS)
def test_runs_on_plugin_data_sets_over_the_wire_equal_those_of_one_process(name: str, tmp_path: Path) -> None:
    config = config_of(name)
    oracle = open_run(config, None)
    list(oracle.train(lambda _: None))
    views = load_views(config, range(config.links), None)
    labels = Labels(load_labels(name, "train", None), load_labels(name, "test", None), fingerprint(name, None))

    result = asyncio.run(run_distributed(config, TinyData([views.of(0), views.of(1)], labels), tmp_path))

    assert result.weights_sha256 == combined_sha256([*oracle.device_sha256, oracle.basestation_sha256])
    assert result.error == oracle.evaluate(Phase.TEST, 0, Symbols.HARD).error


def test_a_task_of_another_package_checks_its_answers() -> None:
    contract = link_contract(config_of("toy-brightness"), 0)
    key = BlockKey(Phase.TEST, 0, 0)

    def through_the_wire(*levels: int) -> Downlink:
        return downlink_from_proto(downlink_to_proto(Prediction(key, np.array(levels, dtype=np.uint8))), contract)

    back = through_the_wire(4, 0)
    assert isinstance(back, Prediction)
    assert back.answers.tolist() == [4, 0]
    with pytest.raises(ProtocolError, match="level 5: expected 0 to 4"):
        through_the_wire(4, 5)
