"""`splitwave demo`, `train` and `infer` with invalid input: one clear error, its exit code, and nothing left behind."""

import gzip
import json
from pathlib import Path

import pytest
import torch

from splitwave.common.config.run_config import RunConfig
from splitwave.common.config.sections import RuntimeSettings
from splitwave.common.data import mnist
from splitwave.common.exit_codes import ExitCode
from splitwave.testbed.commands.options import on_device
from tests.unit.testbed.commands.command_line import CONFIGS, assert_refused, splitwave


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("training.epoch=3", ["training.epoch: no such setting", "--set training.epoch=3"]),
        ("trainig.epochs=3", ["trainig.epochs: no such setting", "did you mean training.epochs?"]),
        ("training.learning_rate='1e-3'", ["training.learning_rate = '1e-3'", "valid number", "remove the quotes"]),
        ("links=65", ["links = 65", "less than or equal to 64"]),
        ("quantizer.breakpoints=-1", ["quantizer.breakpoints = -1", "greater than or equal to 0"]),
        ("channel.psnr_db=Infinity", ["channel.psnr_db = 'Infinity'", "finite"]),
        ("training.epochs", ["--set training.epochs: expected dotted.path=value"]),
    ],
)
def test_a_bad_override_is_refused(results: Path, setting: str, words: list[str]) -> None:
    result = splitwave("demo", "--results", results, "--set", setting)

    assert_refused(result, ExitCode.CONFIG, *words)
    assert not results.exists()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("training: {epochz: 3}", ["training.epochz: no such setting", "bad.yaml"]),
        ("objective: {beta: 1_0.0}", ["objective.beta = '1_0.0'", "text", "remove the underscores"]),
        ("links: 65", ["links = 65", "less than or equal to 64"]),
        ("quantizer: {breakpoints: -1}", ["quantizer.breakpoints = -1"]),
        ("channel: {psnr_db: .inf}", ["channel.psnr_db = inf", "finite"]),
        ("channel: {psnr_db: .nan}", ["channel.psnr_db = nan", "finite"]),
        ("- a list", ["expected a mapping"]),
        ("a: [", ["cannot be read as a config file"]),
    ],
)
def test_a_bad_config_file_is_refused(tmp_path: Path, results: Path, content: str, words: list[str]) -> None:
    (tmp_path / "bad.yaml").write_text(content)

    result = splitwave("train", "-c", tmp_path / "bad.yaml", "--results", results)

    assert_refused(result, ExitCode.CONFIG, *words)
    assert not results.exists()


def test_a_missing_config_file_is_named(results: Path) -> None:
    result = splitwave("train", "-c", "nowhere.yaml", "--results", results)

    assert_refused(result, ExitCode.CONFIG, "nowhere.yaml: no such config file")
    assert not results.exists()


def test_an_unknown_engine_is_refused_with_a_list_of_the_installed_ones(results: Path) -> None:
    result = splitwave("demo", "--engine", "warp", "--results", results)

    assert_refused(result, ExitCode.CONFIG, "--engine warp: no such engine", "inprocess, process")
    assert not results.exists()


@pytest.mark.parametrize("engine", ["process", "inprocess"])
def test_a_missing_data_directory_is_refused_before_anything_starts(tmp_path: Path, results: Path, engine: str) -> None:
    missing = tmp_path / "no[data]"  # the brackets must not be interpreted as markup
    result = splitwave("demo", "--engine", engine, "--data-dir", missing, "--results", results)

    assert_refused(result, ExitCode.DATA, f"data directory {missing} does not exist", "--data-dir")
    assert not results.exists()


def test_the_data_directory_may_come_from_the_environment(
    tmp_path: Path, results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPLITWAVE_DATA_DIR", str(tmp_path / "nowhere"))

    result = splitwave("demo", "--results", results)

    assert_refused(result, ExitCode.DATA, f"data directory {tmp_path}/nowhere does not exist")


@pytest.mark.parametrize("engine", ["process", "inprocess", "compose"])
def test_a_validation_split_that_leaves_nothing_to_train_on_is_refused_before_anything_starts(
    results: Path, engine: str
) -> None:
    result = splitwave("demo", "--engine", engine, "--set", "data.validation=4000", "--results", results)

    assert_refused(result, ExitCode.DATA)
    # No log of a process is quoted, because the command line itself detects the error.
    assert result.output == "error: data.validation = 4000: of 4000 training samples, 0 to 3999 can be held out\n"
    assert not results.exists()


@pytest.mark.parametrize("command", ["train", "up"])
def test_missing_data_are_refused_before_anything_starts(tmp_path: Path, results: Path, command: str) -> None:
    options = ["--engine", "compose"] if command == "up" else []
    folder = tmp_path / "empty"
    folder.mkdir()

    result = splitwave(command, "-c", CONFIGS / "mnist-k2.yaml", *options, "--data-dir", folder, "--results", results)

    assert_refused(result, ExitCode.DATA)
    assert result.output.startswith("error: MNIST: train-images-idx3-ubyte is missing")
    assert result.output.count("\n") == 1
    assert not results.exists()


@pytest.mark.parametrize("engine", ["process", "inprocess", "compose"])
def test_a_data_file_with_a_wrong_hash_is_refused_with_a_remedy(tmp_path: Path, results: Path, engine: str) -> None:
    for name in mnist.SHA256:
        (tmp_path / f"{name}.gz").write_bytes(gzip.compress(b"not these"))

    result = splitwave(
        "train", "-c", CONFIGS / "mnist-k2.yaml", "--engine", engine, "--data-dir", tmp_path, "--results", results
    )

    assert_refused(result, ExitCode.DATA, "holds other data: SHA-256", "Put https://")
    assert result.output.startswith(f"error: MNIST: {tmp_path}/train-images-idx3-ubyte.gz")
    assert not results.exists()


SHORT = ("--set", "training.epochs=1", "--set", "training.batch_size=4000", "--set", "inference.latency_samples=1")


@pytest.mark.e2e
def test_a_chance_level_error_and_too_many_threads_give_a_remark_and_a_warning(results: Path) -> None:
    hopeless = ("--set", "training.learning_rate=1e6", "--set", "runtime.torch_threads=256")
    before = torch.get_num_threads()
    try:
        result = splitwave("demo", "--engine", "inprocess", *SHORT, *hopeless, "--results", results)
    finally:
        torch.set_num_threads(before)

    assert result.exit_code == ExitCode.OK
    assert result.stderr.startswith("warning: runtime.torch_threads = 256: this machine has ")
    (summary,) = results.glob("demo/*/summary.json")
    (remark,) = json.loads(summary.read_text())["remarks"]
    assert remark.endswith("is not clearly better than that of always answering the commonest class, 90.00 %")
    assert f"\nremark: {remark}\n" in result.stdout


def test_a_run_that_learns_gives_no_remark(results: Path) -> None:
    result = splitwave("demo", "--engine", "inprocess", *SHORT, "--results", results)

    assert (result.exit_code, result.stderr) == (ExitCode.OK, "")
    (summary,) = results.glob("demo/*/summary.json")
    assert json.loads(summary.read_text())["error_rate"] < 0.9
    assert "remarks" not in json.loads(summary.read_text())
    assert "remark:" not in result.stdout


def test_a_device_that_the_machine_lacks_is_refused(results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)

    result = splitwave(
        "train", "-c", CONFIGS / "demo.yaml", "--engine", "inprocess", "--device", "cuda", "--results", results
    )

    assert_refused(result, ExitCode.CONFIG, "runtime.torch_device = cuda", "no CUDA device")
    assert not results.exists()


def test_the_device_option_overrides_the_device_and_nothing_else() -> None:
    trained = RunConfig(seed=3, runtime=RuntimeSettings(torch_device="cuda", bf16=True))

    assert on_device(trained, None) == trained
    assert on_device(trained, "cpu") == RunConfig(seed=3, runtime=RuntimeSettings(bf16=True))


def test_a_missing_checkpoint_is_named(tmp_path: Path, results: Path) -> None:
    result = splitwave("infer", "--checkpoint", tmp_path / "ckpt", "--results", results)

    assert_refused(result, ExitCode.CHECKPOINT, f"--checkpoint {tmp_path}/ckpt: no such folder or file")
    assert not results.exists()


def test_a_damaged_checkpoint_is_refused(tmp_path: Path, results: Path) -> None:
    (tmp_path / "checkpoint.json").write_text('{"step": 3}')

    result = splitwave("infer", "--checkpoint", tmp_path, "--results", results)

    assert_refused(result, ExitCode.CHECKPOINT, "not a checkpoint manifest")
    assert not results.exists()


def test_results_that_cannot_be_written_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "results").write_text("a file")

    result = splitwave("demo", "--engine", "inprocess", "--results", tmp_path / "results")

    assert_refused(result, ExitCode.CONFIG, f"--results {tmp_path}/results: cannot be written to")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--links-per-process", "0"], ["--links-per-process 0", "one link or more"]),
        (["--links-per-process", "2", "--engine", "inprocess"], ["--links-per-process 2", "inprocess engine"]),
        (["--links-per-process", "2", "--engine", "compose"], ["--links-per-process 2", "compose engine"]),
        (["--links-per-process", "2", "--engine", "no-such"], ["no-such"]),
    ],
)
def test_links_per_process_are_for_engines_with_device_processes(
    arguments: list[str], words: list[str], results: Path
) -> None:
    refused = splitwave("train", "-c", CONFIGS / "demo.yaml", "--results", results, *arguments)
    assert_refused(refused, ExitCode.CONFIG, *words)
    assert not results.exists()


@pytest.mark.parametrize(
    ("engine", "words"),
    [
        ("inprocess", ["--max-restarts 1", "not the inprocess engine"]),
        ("compose", ["--max-restarts 1", "not the compose engine"]),
        ("no-such", ["no-such"]),
    ],
)
def test_restarts_are_for_the_engine_that_starts_processes_again(engine: str, words: list[str], results: Path) -> None:
    refused = splitwave("demo", "--results", results, "--max-restarts", "1", "--engine", engine)
    assert_refused(refused, ExitCode.CONFIG, *words)
    assert not results.exists()


def test_only_the_process_engine_writes_answers(tmp_path: Path) -> None:
    refused = splitwave("infer", "--checkpoint", tmp_path, "--engine", "inprocess", "--answers", "a.jsonl")
    assert_refused(
        refused, ExitCode.CONFIG, "--answers a.jsonl: only the process engine writes answers, not the inprocess engine"
    )
