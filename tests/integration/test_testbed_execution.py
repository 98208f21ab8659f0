"""A command's run from its settings to its last line, in one process."""

import contextlib
import re
import shlex
from pathlib import Path

import matplotlib as mpl
import pytest

from common.config import RunConfig
from testbed.execution import Order, execute

TINY = RunConfig.model_validate(
    {"encoder": {"dimension": 4}, "training": {"epochs": 1}, "inference": {"latency_samples": 20}}
)


def order(results: Path) -> Order:
    return Order("demo", TINY, "inprocess", None, results)


def test_a_run_names_its_folder_its_pictures_and_commands_about_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    execute(order(tmp_path))

    said = capsys.readouterr().out
    (folder,) = (tmp_path / "demo").iterdir()
    assert re.search(rf"^results +{folder}$", said, re.MULTILINE)
    pictures = sorted(str(path) for path in (folder / "figs").iterdir() if path.suffix in (".pdf", ".png"))
    assert len(pictures) >= 2
    assert re.findall(r"^(?:figures)? +(\S+/figs/\S+)$", said, re.MULTILINE) == pictures
    first, second, _ = (shlex.split(line) for line in said.splitlines()[-3:])
    assert first == ["splitwave", "infer", "--checkpoint", str(folder)]
    assert (folder / "ckpt").is_dir()
    assert Path(second[3]).is_file()


def test_a_result_is_printed_even_if_its_pictures_cannot_be_drawn(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(mpl.rcParams, "text.usetex", True)
    monkeypatch.setenv("PATH", "/nowhere")  # where there is no LaTeX
    with contextlib.suppress(RuntimeError):
        execute(order(tmp_path))

    said = capsys.readouterr().out
    (folder,) = (tmp_path / "demo").iterdir()
    assert list((folder / "figs").glob("*.png")) == []
    assert re.search(r"^test error, hard symbols +\d+\.\d\d %$", said, re.MULTILINE)
    assert re.search(rf"^results +{folder}$", said, re.MULTILINE)
