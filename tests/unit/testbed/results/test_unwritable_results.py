"""Results folders that can no longer be written or renamed keep their content, and errors say where."""

import json
from pathlib import Path

import pytest

from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import ConfigError, RunFailedError
from splitwave.testbed.results.results_folder import ResultsFolder


def make(results: Path) -> ResultsFolder:
    return ResultsFolder(results, "demo", RunConfig(), None)


def final_name(partial: Path) -> str:
    return partial.name.removeprefix(".").removesuffix(".partial")


def occupy(path: Path) -> None:
    """Put a folder with a file at a path, so that no other folder can be renamed to it."""
    path.mkdir()
    (path / "file").touch()


def test_a_complete_result_that_cannot_be_renamed_is_kept_where_the_error_says(tmp_path: Path) -> None:
    folder = make(tmp_path)
    partial = folder.path
    occupy(partial.with_name(final_name(partial)))

    with pytest.raises(ConfigError, match=f"--results {tmp_path}: cannot be written to: ") as caught, folder:
        pass

    assert f"the complete result is kept in {partial}: " in str(caught.value)
    assert str(caught.value).endswith(f"rename it to {final_name(partial)}")
    assert (partial / "config.yaml").is_file()


def test_an_unfinished_run_that_cannot_be_renamed_is_kept_where_the_note_says(tmp_path: Path) -> None:
    folder = make(tmp_path)
    partial = folder.path
    folder.metrics.write_text("{}\n")
    occupy(partial.with_name(final_name(partial) + ".unfinished"))

    with pytest.raises(RunFailedError, match="a link was lost") as caught, folder:
        raise RunFailedError("a link was lost")

    assert caught.value.__notes__ == [f"the unfinished run is kept in {partial}"]
    assert (partial / "metrics.jsonl").read_text() == "{}\n"
    assert json.loads((partial / "unfinished.json").read_text())["ended"] == "RunFailedError: a link was lost"


def test_errors_of_files_outside_of_the_results_are_unchanged(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), make(tmp_path) as folder, folder.naming_errors():
        (tmp_path / "elsewhere" / "file").read_text()


def test_a_file_of_the_results_that_cannot_be_written_names_the_option(tmp_path: Path) -> None:
    message = f"--results {tmp_path}: can no longer be written to: .*/metrics.jsonl"
    folder = make(tmp_path)
    folder.metrics.mkdir()
    with pytest.raises(ConfigError, match=message), folder, folder.naming_errors():
        folder.metrics.write_text("{}\n")
