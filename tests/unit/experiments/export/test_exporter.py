"""The exporter for `splitwave serve RUN` and `splitwave deploy RUN`."""

import importlib
import sys
import tomllib
from pathlib import Path

import pytest

from splitwave.common.errors import ConfigError
from splitwave.common.records.model_folder import read_model
from splitwave.experiments.export.exporter import naming_missing_packages, write_model
from splitwave.testbed.commands.model_to_serve import ENTRY_POINT_GROUP
from tests.unit.experiments.export.exported_runs import TINY, trained
from tests.unit.project.sources import ROOT


def test_the_commands_find_the_exporter() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    module, function = project["entry-points"][ENTRY_POINT_GROUP]["model"].split(":")
    assert getattr(importlib.import_module(module), function) is write_model


def test_a_checkpoint_becomes_a_model_folder(tmp_path: Path) -> None:
    trained(TINY, tmp_path / "ckpt")
    steps: list[str] = []
    write_model(tmp_path / "ckpt", tmp_path / "model", None, None, steps.append)
    assert read_model(tmp_path / "model").manifest.links == 2
    assert steps[0] == "writing the networks"


@pytest.mark.parametrize("package", ["onnx", "onnxruntime"])
def test_a_package_of_the_extra_that_is_missing_is_named_with_the_extra(
    package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ConfigError) as refused, naming_missing_packages("splitwave export"):
        importlib.import_module(package)
    assert str(refused.value) == f"splitwave export needs the package {package}: pip install 'splitwave[export]'"


def test_another_module_that_is_missing_is_a_fault() -> None:
    with pytest.raises(ModuleNotFoundError, match="no_such_module"), naming_missing_packages("splitwave export"):
        importlib.import_module("no_such_module")
