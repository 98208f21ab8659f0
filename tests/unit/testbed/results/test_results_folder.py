"""A results folder is either complete under its final name, or marked as unfinished, or removed."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from splitwave.common.config.layers import load_config
from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import ConfigError, DataError, RunFailedError
from splitwave.common.records.manifest import Manifest
from splitwave.testbed.results.results_folder import ResultsFolder
from splitwave.testbed.results.unfinished import check_finished, has_checkpoint, unfinished_note
from tools.paths import ROOT

CONFIG = RunConfig(seed=7)


def make(results: Path) -> ResultsFolder:
    return ResultsFolder(results, "demo", CONFIG, None)


def fail(results: Path, error: BaseException, log: str = "", metrics: str = "", checkpoint: bool = False) -> None:
    """Simulate a run that starts a checkpoint, may log, measure and publish, and then fails."""
    with make(results) as folder:
        folder.checkpoint.mkdir()
        (folder.checkpoint / "device-0.safetensors").write_bytes(b"weights")
        if checkpoint:
            publish(folder.checkpoint)
        if metrics:
            folder.metrics.write_text(metrics)
        (folder.logs / "device-0.log").write_text(log)
        folder.add_if_unfinished(lambda: {"steps_done": 4, "steps": 9, "missing": ["the test error"]})
        raise error


def publish(folder: Path) -> None:
    for part in ("basestation", "device-0", "device-1"):
        (folder / f"{part}.safetensors").write_bytes(b"weights")
    Manifest(9, CONFIG.canonical_json(), ("a", "b"), "c").publish(folder)


def failed(results: Path, error: BaseException, **outcome: Any) -> tuple[Path, dict[str, object], list[str]]:
    """Let a run fail; returns the remaining folder, its `unfinished.json`, and the notes on the error."""
    with pytest.raises(type(error)) as caught:
        fail(results, error, **outcome)
    (kept,) = (results / "demo").iterdir()
    return kept, json.loads((kept / "unfinished.json").read_text()), caught.value.__notes__


def everything_below(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_a_folder_is_hidden_until_it_is_complete(tmp_path: Path) -> None:
    with make(tmp_path) as folder:
        assert [path.name for path in (tmp_path / "demo").iterdir()] == [folder.path.name]
        assert folder.path.name.startswith(".")
        assert folder.path.name.endswith(".partial")

    assert list((tmp_path / "demo").iterdir()) == [folder.path]
    assert re.fullmatch(r"\d{8}T\d{6}Z-(nogit|[0-9a-f]{8})-s7", folder.path.name)
    assert everything_below(folder.path) == ["config.yaml", "env.json", "figs", "logs"]


def test_the_config_file_in_the_folder_has_the_settings_of_the_run(tmp_path: Path) -> None:
    with make(tmp_path) as folder:
        pass

    assert load_config(folder.path / "config.yaml", environment={}) == CONFIG


def test_the_environment_file_records_what_the_result_may_depend_on(tmp_path: Path) -> None:
    with make(tmp_path) as folder:
        pass

    environment = json.loads((folder.path / "env.json").read_text())
    assert set(environment) == {
        "command", "commit", "dirty", "python", "platform", "cpu_model", "cpu_vectors", "cpu_count", "packages",
        "data_sha256",
    }  # fmt: skip
    assert {"splitwave", "torch", "numpy", "grpcio", "protobuf"} <= environment["packages"].keys()
    assert re.fullmatch("[0-9a-f]{64}", environment["data_sha256"]["train"])


def test_folders_of_the_same_second_do_not_overwrite_each_other(tmp_path: Path) -> None:
    folders = [make(tmp_path) for _ in range(5)]
    for number, folder in enumerate(folders):
        with folder:
            folder.write_json("summary.json", {"number": number})

    found = [json.loads((folder.path / "summary.json").read_text())["number"] for folder in folders]
    assert found == [0, 1, 2, 3, 4]
    assert len(list((tmp_path / "demo").iterdir())) == 5


def test_an_error_without_logs_leaves_no_folder(tmp_path: Path) -> None:
    results = tmp_path / "results"

    with pytest.raises(RunFailedError):
        fail(results, RunFailedError("link 0 was lost"))

    assert not results.exists()


def test_an_error_keeps_earlier_results(tmp_path: Path) -> None:
    other = tmp_path / "demo" / "other"
    other.mkdir(parents=True)

    with pytest.raises(RunFailedError):
        fail(tmp_path, RunFailedError("link 0 was lost"))

    assert everything_below(tmp_path) == ["demo", "demo/other"]


@pytest.mark.parametrize("error", [RunFailedError("link 0 was lost\n  and more"), KeyError("a bug")])
def test_logs_that_may_explain_an_error_are_kept(tmp_path: Path, error: BaseException) -> None:
    kept, record, notes = failed(tmp_path, error, log="killed\n")

    assert re.fullmatch(r"\d{8}T\d{6}Z-(nogit|[0-9a-f]{8})-s7\.unfinished", kept.name)
    assert everything_below(kept) == [
        "config.yaml", "env.json", "figs", "logs", "logs/device-0.log", "unfinished.json",
    ]  # fmt: skip
    assert record["ended"] == f"{type(error).__name__}: {error}".partition("\n")[0]
    assert notes == [f"the unfinished run is kept in {kept}"]


def test_measurements_are_kept_after_ctrl_c_with_a_list_of_what_is_missing(tmp_path: Path) -> None:
    kept, record, notes = failed(tmp_path, KeyboardInterrupt(), metrics="{}\n")

    assert (kept / "metrics.jsonl").read_text() == "{}\n"
    assert not (kept / "ckpt").exists()  # because it was not published
    assert record == {
        "ended": "interrupted",
        "steps_done": 4,
        "steps": 9,
        "missing": ["the test error"],
    }
    assert notes == [f"the unfinished run is kept in {kept}"]


def test_a_published_checkpoint_is_kept_with_the_command_that_evaluates_it(tmp_path: Path) -> None:
    kept, _, (note,) = failed(tmp_path, KeyboardInterrupt(), checkpoint=True)

    assert (kept / "ckpt" / "checkpoint.json").is_file()
    assert note.endswith(f"; to use its checkpoint: splitwave infer --checkpoint {kept}")


def test_the_suggested_command_names_the_data_directory_of_the_run(tmp_path: Path) -> None:
    assert unfinished_note(tmp_path, tmp_path / "my data", checkpoint=True).endswith(
        f" --data-dir '{tmp_path}/my data'"
    )
    assert unfinished_note(tmp_path, None, checkpoint=True).endswith(f" --checkpoint {tmp_path}")


def test_a_checkpoint_without_one_of_its_parts_does_not_count(tmp_path: Path) -> None:
    publish(tmp_path)
    assert has_checkpoint(tmp_path)
    (tmp_path / "device-1.safetensors").unlink()
    assert not has_checkpoint(tmp_path)


def test_a_run_interrupted_before_it_measured_anything_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        fail(tmp_path, KeyboardInterrupt(), log="serving\n")

    assert everything_below(tmp_path) == []


def test_unfinished_runs_of_the_same_second_get_different_names(tmp_path: Path) -> None:
    for _ in range(5):
        with pytest.raises(KeyboardInterrupt):
            fail(tmp_path, KeyboardInterrupt(), metrics="{}\n")

    assert len(list((tmp_path / "demo").iterdir())) == 5


@pytest.mark.parametrize("name", ["x.unfinished", ".x.partial"])
def test_collecting_results_refuses_unfinished_and_partial_folders(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    with pytest.raises(DataError, match=f"{name} is not a result"):
        check_finished(tmp_path / name)


def test_collecting_results_refuses_an_unfinished_folder_that_was_renamed(tmp_path: Path) -> None:
    kept, _, _ = failed(tmp_path, KeyboardInterrupt(), metrics="{}\n")
    renamed = kept.rename(kept.with_name("best"))
    with pytest.raises(DataError, match="best is not a result"):
        check_finished(renamed)


@pytest.mark.parametrize("tool", [["publish_result", "demo"], ["publish_bench"]])
def test_no_unfinished_result_is_published(tmp_path: Path, tool: list[str]) -> None:
    kept, _, _ = failed(tmp_path, KeyboardInterrupt(), metrics="{}\n")
    (kept / "summary.json").write_text("{}")
    command = [sys.executable, "-m", f"tools.{tool[0]}", str(kept), *tool[1:]]

    answer = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)

    assert (answer.returncode, f"{kept} is not a result" in answer.stderr) == (1, True)


def test_an_error_that_a_user_can_fix_leaves_no_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError):
        fail(tmp_path, DataError("MNIST: there is none"), log="MNIST: there is none\n")

    assert everything_below(tmp_path) == []


def test_a_folder_that_cannot_be_written_is_named_in_the_error(tmp_path: Path) -> None:
    (tmp_path / "results").write_text("a file")

    with pytest.raises(ConfigError, match=f"--results {tmp_path}/results: cannot be written to"):
        make(tmp_path / "results")


def test_a_number_that_is_not_finite_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"), make(tmp_path) as folder:
        folder.write_json("summary.json", {"error_rate": float("nan")})
