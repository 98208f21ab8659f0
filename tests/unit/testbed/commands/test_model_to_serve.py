"""The model that `splitwave serve` and `splitwave deploy` are given: a model folder, or a run to be exported."""

from pathlib import Path

import pytest

from splitwave.common.exit_codes import ExitCode
from splitwave.common.records.manifest import MANIFEST_FILE
from splitwave.testbed.commands import model_to_serve as module
from splitwave.testbed.commands.model_to_serve import model_to_serve
from tests.entry_points import add_entry_points
from tests.unit.testbed.commands.command_line import assert_refused, splitwave

EXPORTER = """
def write(checkpoint, target, data_dir, python_path, show):
    target.mkdir()
    show("writing")
    (target / "model.json").write_text(f"{checkpoint} {data_dir} {python_path}")
"""


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A results folder with the manifest of a checkpoint, which the exporter of these tests does not read."""
    checkpoint = tmp_path / "run" / "ckpt"
    checkpoint.mkdir(parents=True)
    (checkpoint / MANIFEST_FILE).write_text("{}")
    return tmp_path / "run"


def use_exporter(points: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Install entry points in place of Splitwave's own."""
    monkeypatch.setattr(module, "ENTRY_POINT_GROUP", "tests.exporters")
    add_entry_points(tmp_path, monkeypatch, f"[tests.exporters]\n{points}", my_exporter=EXPORTER)


def test_a_run_is_exported_to_a_folder_that_is_deleted_afterwards(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use_exporter("model = my_exporter:write\n", tmp_path, monkeypatch)
    for named in (run, run / "ckpt"):
        with model_to_serve(named, Path("data"), None) as model:
            assert (model / "model.json").read_text() == f"{run / 'ckpt'} data None"
        assert not model.parent.exists()
    assert capsys.readouterr() == ("", "writing\nwriting\n")


def test_a_model_folder_is_used_where_it_is(tmp_path: Path) -> None:
    (tmp_path / "model.json").write_text("{}")
    with model_to_serve(tmp_path, None, None) as model:
        assert model == tmp_path
    assert tmp_path.is_dir()


@pytest.mark.parametrize("command", [("serve",), ("deploy", "--to", "127.0.0.1:1")])
def test_a_folder_with_neither_a_run_nor_a_model_is_refused(command: tuple[str, ...], tmp_path: Path) -> None:
    nothing = splitwave(*command, tmp_path / "nothing")
    assert_refused(nothing, ExitCode.CHECKPOINT, f"RUN {tmp_path / 'nothing'}: no such folder or file")
    empty = splitwave(*command, tmp_path)
    assert_refused(empty, ExitCode.CHECKPOINT, f"and for the model folder's {tmp_path / 'model.json'}")


def test_without_an_exporter_a_run_is_refused_with_the_extra_to_install(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_exporter("", tmp_path, monkeypatch)
    assert_refused(splitwave("serve", run), ExitCode.CONFIG, "pip install 'splitwave[export]'")
