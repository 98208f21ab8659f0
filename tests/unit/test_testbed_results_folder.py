"""A results folder is complete under its own name, or not there at all."""

import json
import re
from pathlib import Path

import pytest

from common.config import RunConfig
from common.config_layers import load_config
from common.errors import ConfigError, DataError, RunFailedError
from testbed.results_folder import ResultsFolder

CONFIG = RunConfig(seed=7)


def make(results: Path) -> ResultsFolder:
    return ResultsFolder(results, "demo", CONFIG, None)


def fail(results: Path, error: BaseException, log: str = "") -> None:
    """A run that writes half a result, and a log, before it fails."""
    with make(results) as folder:
        folder.checkpoint.mkdir()
        folder.metrics.write_text("{}\n")
        folder.write_json("summary.json", {})
        (folder.logs / "device-0.log").write_text(log)
        raise error


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


def test_the_settings_in_it_are_those_of_the_run(tmp_path: Path) -> None:
    with make(tmp_path) as folder:
        pass

    assert load_config(folder.path / "config.yaml", environment={}) == CONFIG


def test_the_environment_in_it_tells_what_the_result_may_depend_on(tmp_path: Path) -> None:
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


def test_an_error_leaves_nothing_where_there_are_no_logs(tmp_path: Path) -> None:
    results = tmp_path / "results"

    with pytest.raises(RunFailedError):
        fail(results, RunFailedError("link 0 was lost"))

    assert not results.exists()


def test_an_error_leaves_what_was_there_before(tmp_path: Path) -> None:
    other = tmp_path / "demo" / "other"
    other.mkdir(parents=True)

    with pytest.raises(RunFailedError):
        fail(tmp_path, RunFailedError("link 0 was lost"))

    assert everything_below(tmp_path) == ["demo", "demo/other"]


@pytest.mark.parametrize("error", [RunFailedError("link 0 was lost"), KeyboardInterrupt(), KeyError("a bug")])
def test_logs_outlive_an_error_in_a_hidden_folder_that_a_note_names(tmp_path: Path, error: BaseException) -> None:
    with pytest.raises(type(error)) as caught:
        fail(tmp_path, error, log="killed\n")

    (kept,) = (tmp_path / "demo").iterdir()
    assert kept.name.startswith(".")
    assert kept.name.endswith(".failed")
    assert everything_below(kept) == ["config.yaml", "env.json", "logs", "logs/device-0.log"]
    assert caught.value.__notes__ == [f"The processes' logs are in {kept}/logs"]


def test_an_error_that_a_user_can_mend_needs_no_logs(tmp_path: Path) -> None:
    with pytest.raises(DataError):
        fail(tmp_path, DataError("MNIST: there is none"), log="MNIST: there is none\n")

    assert everything_below(tmp_path) == []


def test_a_place_that_cannot_be_written_to_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "results").write_text("a file")

    with pytest.raises(ConfigError, match=f"--results {tmp_path}/results: cannot be written to"):
        make(tmp_path / "results")


def test_a_number_that_is_not_finite_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"), make(tmp_path) as folder:
        folder.write_json("summary.json", {"error_rate": float("nan")})
