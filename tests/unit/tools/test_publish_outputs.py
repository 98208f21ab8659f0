"""The output of long programs is recorded with its origin, and published as it was printed."""

import json
import shlex
import sys
from pathlib import Path

import pytest

from tools import publish_outputs
from tools.recorded_output import RecordedOutput, record

PROGRAM = "import sys; print('kills  3'); print('aside', file=sys.stderr); sys.exit(4)"


def test_a_run_has_its_output_its_exit_code_and_its_command(tmp_path: Path) -> None:
    run = record([sys.executable, "-c", PROGRAM])
    run.write(tmp_path / "new" / "run.json")

    assert RecordedOutput.read(tmp_path / "new" / "run.json") == run
    assert (run.lines, run.exit_code) == (["kills  3"], 4)
    assert shlex.split(run.command) == [sys.executable, "-c", PROGRAM]


@pytest.mark.parametrize(
    ("name", "commit", "reason"),
    [
        ("matrix", "unknown", "no commit"),
        ("matrix", "a" * 40 + "+changes", "no commit"),
        ("other", "a" * 40, "expected one of"),
    ],
)
def test_only_runs_of_a_commit_that_the_page_knows_are_published(
    name: str, commit: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publish_outputs, "FOLDER", tmp_path / "published")
    file = tmp_path / f"{name}.json"
    RecordedOutput("true", commit, "a machine", "2026-01-02", 61, 0, ["ok"]).write(file)

    with pytest.raises(ValueError, match=reason):
        publish_outputs.publish([file])

    assert not (tmp_path / "published").exists()


def test_the_page_is_written_from_the_published_files() -> None:
    assert publish_outputs.PAGE.read_text(encoding="utf-8") == publish_outputs.page()


def test_the_page_has_a_run_s_lines_as_they_were_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publish_outputs, "FOLDER", tmp_path / "published")
    file = tmp_path / "matrix.json"
    RecordedOutput("run it", "b" * 40, "a machine", "2026-01-02", 61, 1, ["state  device", "", "Hello  ok 2/4"]).write(
        file
    )

    publish_outputs.publish([file])

    text = publish_outputs.page()
    assert "`run it`: exit code 1 after 1 min 1 s, commit `bbbbbbbb`, 2026-01-02, a machine\n" in text
    assert "    state  device\n\n    Hello  ok 2/4\n" in text


@pytest.mark.parametrize("file", sorted(publish_outputs.FOLDER.glob("*.json")), ids=lambda file: file.stem)
def test_each_published_program_found_what_it_looks_for(file: Path) -> None:
    assert json.loads(file.read_text(encoding="utf-8"))["exit_code"] == 0
