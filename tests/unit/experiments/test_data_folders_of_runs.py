"""Runs in one process read the files of their settings from their own data directories, whichever was opened last."""

import threading
from pathlib import Path

import pytest

from splitwave.common.config.run_config import RunConfig
from splitwave.common.files.data_folder import data_folder, reading_from
from splitwave.common.protocol.phases import Phase, Symbols
from splitwave.experiments.inprocess_run import InprocessRun, open_run
from tests.limits import LIMIT_S

CONFIG = RunConfig.model_validate(
    {
        "links": 1,
        "encoder": {"dimension": 6},
        "channel": {"model": [{"name": "trace", "path": "trace.csv", "period_s": 1.0}, "awgn"], "psnr_db": 60.0},
        "inference": {"latency_samples": 20},
    }
)


@pytest.fixture(name="folders")
def _folders(tmp_path: Path) -> tuple[Path, Path]:
    """Two data directories, whose traces differ: a link that passes symbols, and one that is silent."""
    folders = tmp_path / "strong", tmp_path / "silent"
    for folder, gain_db in zip(folders, (0, -300), strict=True):
        folder.mkdir()
        (folder / "trace.csv").write_text(f"time_s,gain_db\n0,{gain_db}\n", encoding="utf-8")
    return folders


def answers(run: InprocessRun) -> list[int]:
    """The classes that a serving pass answers."""
    return [int(value) for block in run.answered_blocks(Phase.SERVE, 0, Symbols.HARD) for value in block.answers]


def test_a_run_keeps_its_data_directory_while_another_is_opened(folders: tuple[Path, Path]) -> None:
    strong, silent = (open_run(CONFIG, folder) for folder in folders)
    expected = answers(strong), answers(silent)
    assert len(set(expected[0])) > len(set(expected[1])) == 1
    for run in (strong, silent):  # the silent run was opened last
        run.retune(CONFIG)
    assert (answers(strong), answers(silent)) == expected


def test_threads_that_open_runs_do_not_see_each_others_directory(folders: tuple[Path, Path]) -> None:
    both, found = threading.Barrier(len(folders)), dict[Path, Path | None]()

    def read(folder: Path) -> None:
        with reading_from(folder):
            both.wait(LIMIT_S)
            found[folder] = data_folder()

    threads = [threading.Thread(target=read, args=(folder,)) for folder in folders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {folder: folder for folder in folders}


def test_a_run_without_a_directory_reads_from_that_of_the_environment(
    folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    strong, silent = folders
    monkeypatch.setenv("SPLITWAVE_DATA_DIR", str(silent))
    with reading_from(strong):
        with reading_from(None):
            assert data_folder() == silent
        assert data_folder() == strong
    assert data_folder() == silent
