"""One small run and its model folder for all tests of exports; no test uses a key of the user."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from splitwave.experiments.export.report import Report
    from splitwave.experiments.inprocess_run import InprocessRun

NEEDED = ("onnx", "onnxruntime", "torch")
collect_ignore_glob = [] if all(map(find_spec, NEEDED)) else ["test_*.py"]
"""The extra `export` is not installed everywhere that tests run."""


@dataclass(frozen=True)
class Exported:
    """A run, its checkpoint, its model folder and the report of its export."""

    run: "InprocessRun"
    checkpoint: Path
    model: Path
    report: "Report"


@pytest.fixture(scope="package", autouse=True)
def _own_keys(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("config")))
        yield


@pytest.fixture(scope="package")
def plain(tmp_path_factory: pytest.TempPathFactory, _own_keys: None) -> Exported:
    from tests.unit.experiments.export.exported_runs import TINY  # noqa: PLC0415 — it needs what may be missing

    return _exported(TINY, tmp_path_factory.mktemp("plain"), int8=True)


@pytest.fixture(scope="package")
def hyper(tmp_path_factory: pytest.TempPathFactory, _own_keys: None) -> Exported:
    from tests.unit.experiments.export.exported_runs import HYPER  # noqa: PLC0415 — likewise

    return _exported(HYPER, tmp_path_factory.mktemp("hyper"), beta=2e-3, psnr_db=5.0)


def _exported(settings: dict[str, object], folder: Path, **options: object) -> Exported:
    from tests.unit.experiments.export.exported_runs import exported, trained  # noqa: PLC0415 — likewise

    run = trained(settings, folder / "ckpt")
    return Exported(run, folder / "ckpt", folder / "model", exported(folder / "ckpt", folder / "model", **options))
