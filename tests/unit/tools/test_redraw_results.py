"""Published figures can be drawn again from the files beside them."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from splitwave.common.exit_codes import ExitCode
from splitwave.testbed.results.metrics import write_latency
from tools.pages import PAGES, Page
from tools.paths import PUBLISHED
from tools.redraw_results import main, redraw_folder


@pytest.mark.parametrize("name", ["demo", "mnist-k2"])
def test_a_published_run_is_redrawn_from_its_files(name: str, tmp_path: Path) -> None:
    folder = tmp_path / name
    shutil.copytree(PUBLISHED / name, folder, ignore=shutil.ignore_patterns("*.png", "latency.csv"))
    assert redraw_folder(folder) == [folder / "training.png"]
    write_latency(folder / "latency.csv", ("encode", "decode"), np.array([[1000, 2000]]))
    assert redraw_folder(folder) == [folder / "training.png", folder / "latency.png"]
    assert list(folder.glob("*.pdf")) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_published_figure_has_its_table_beside_it(page: Page) -> None:
    folder = page.folder
    assert {path.stem for path in folder.glob("*.png")} == {path.stem for path in folder.glob("*.csv")}


def test_a_figure_of_a_page_is_redrawn_from_its_table(tmp_path: Path) -> None:
    shutil.copy(PUBLISHED / "qml-ib" / "fig3.csv", tmp_path)
    assert redraw_folder(tmp_path) == [tmp_path / "fig3.png"]


def test_a_folder_without_anything_to_draw_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path)]) == ExitCode.DATA
    assert capsys.readouterr().err.startswith(f"error: {tmp_path}: holds no metrics.jsonl")
