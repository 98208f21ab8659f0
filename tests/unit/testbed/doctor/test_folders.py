"""The folders that commands write to."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from splitwave.testbed.doctor.finding import Circumstances, Outcome
from splitwave.testbed.doctor.folders import check_folders, folder_finding
from tests.other_user import bound_by_permissions


@pytest.fixture(name="read_only")
def _read_only() -> Iterator[Path]:
    """A folder that every user can enter, and nobody can write to; pytest's own folders are closed to others."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o555)
        yield folder


def test_a_read_only_folder_is_a_failure_with_the_option_that_names_another(read_only: Path) -> None:
    with bound_by_permissions():
        finding = folder_finding("results", read_only / "results", "name another folder with --results")

    assert finding.outcome is Outcome.FAILED
    assert finding.value == f"{read_only / 'results'} cannot be written to: Permission denied"
    assert finding.remedy == "name another folder with --results"


def test_a_file_in_the_place_of_a_folder_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "results").touch()

    finding = folder_finding("results", tmp_path / "results", "another")

    assert finding.outcome is Outcome.FAILED
    assert "Not a directory" in finding.value


def test_a_missing_folder_is_not_made(tmp_path: Path) -> None:
    finding = folder_finding("results", tmp_path / "a" / "b", "another")

    assert finding.outcome is not Outcome.FAILED
    assert finding.value.startswith(f"{tmp_path / 'a' / 'b'} (not made yet), ")
    assert list(tmp_path.iterdir()) == []


def test_all_folders_are_examined(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    findings = {finding.name: finding for finding in check_folders(Circumstances(None, tmp_path / "r"))}

    assert findings["results"].value.startswith(str(tmp_path / "r"))
    assert findings["state"].value.startswith(str(tmp_path / "state" / "splitwave"))
    assert findings["downloads"].value.startswith(str(tmp_path / "cache" / "splitwave"))
    assert findings["temporary"].value.startswith(tempfile.gettempdir())
