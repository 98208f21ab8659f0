"""Whole testbeds as processes: their results, and how they end when one of the processes is killed."""

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from splitwave.common.exit_codes import ExitCode
from splitwave.common.wire.pb import control_pb2 as pb
from splitwave.testbed.processes.announcement import running_testbeds
from tests import installed_command
from tests.e2e.endless_training import Training
from tests.e2e.services import until
from tests.installed_command import SHORT, SMALL, SPLITWAVE, Table, output_of, summary_in
from tests.limits import LIMIT_S

CONFIGS = Path(__file__).parents[2] / "configs"
ENDLESS = (*SMALL, "--set", "training.epochs=9999")
ERRORS = ("error_rate", "error_rate_soft")
KEPT = "the unfinished run is kept in "
# The proxy is unreachable: processes must not use a web proxy for each other.
ENVIRONMENT = {**installed_command.ENVIRONMENT, "http_proxy": "http://127.0.0.1:9"}


def splitwave(*arguments: str | Path) -> Table:
    """Run a command; returns the summary with the printed folder as `results` and the suggested commands as `next`."""
    output = output_of(*arguments, env=ENVIRONMENT)
    proposed = [shlex.split(line) for line in re.findall(r"^  (\S*splitwave .+)$", output, re.MULTILINE)]
    return {**summary_in(output), "next": proposed}


@pytest.fixture
def training(tmp_path: Path) -> Iterator[Training]:
    """A testbed in the middle of training."""
    command: list[str | Path] = [SPLITWAVE, "demo", *ENDLESS, "--max-restarts", "0", "--results", tmp_path]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT,
        process_group=0,  # a new group, so that a test can simulate Ctrl-C
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline().startswith("epoch    1/9999")
            running = Training(process, tmp_path)
            try:
                yield running
            finally:
                running.close()
        finally:
            process.kill()  # which also ends the processes that it started, even if the test has failed


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Table:
    """A small run on the process engine; the row `results` names its folder."""
    return splitwave("demo", *SHORT, "--results", tmp_path_factory.mktemp("trained"))


def test_a_run_leaves_a_complete_results_folder(trained: Table) -> None:
    folder = Path(trained["results"])

    assert sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()) == [
        "ckpt/basestation.safetensors",
        "ckpt/checkpoint.json",
        "ckpt/device-0.safetensors",
        "ckpt/device-1.safetensors",
        "config.yaml",
        "env.json",
        "figs/latency.csv",
        "figs/latency.pdf",
        "figs/latency.png",
        "figs/training.pdf",
        "figs/training.png",
        "logs/basestation.log",
        "logs/channel.log",
        "logs/device-0.log",
        "logs/device-1.log",
        "metrics.jsonl",
        "summary.json",
    ]
    assert len((folder / "metrics.jsonl").read_text().splitlines()) == 2
    assert json.loads((folder / "summary.json").read_text())["weights_sha256"] == trained["weights_sha256"]
    assert list(folder.parent.iterdir()) == [folder]


@pytest.mark.e2e
def test_processes_compute_what_one_process_computes(trained: Table, tmp_path: Path) -> None:
    alone = splitwave("demo", *SHORT, "--engine", "inprocess", "--results", tmp_path)

    assert alone["engine"] == "inprocess"
    for row in ("weights_sha256", "config_hash", "error_rate", "error_rate_soft", "steps"):
        assert alone[row] == trained[row]


@pytest.mark.e2e
def test_inference_from_a_checkpoint_reproduces_the_error_rates(trained: Table, tmp_path: Path) -> None:
    _, *proposed = trained["next"][0]
    assert proposed == ["infer", "--checkpoint", trained["results"]]
    inferred = splitwave(*proposed, "--results", tmp_path)

    for row in ("weights_sha256", "config_hash", "error_rate", "error_rate_soft"):
        assert inferred[row] == trained[row]
    assert "steps" not in inferred


@pytest.mark.e2e
def test_a_command_may_have_processes_that_host_several_links(tmp_path: Path) -> None:
    command = ("train", "-c", CONFIGS / "demo.yaml", *SHORT, "--set", "links=3", "--results")
    alone = splitwave(*command, tmp_path / "alone")
    hosted = splitwave(*command, tmp_path / "hosted", "--links-per-process", "2")
    assert hosted["weights_sha256"] == alone["weights_sha256"]
    (logs,) = (tmp_path / "hosted").glob("demo/*/logs")
    assert sorted(path.stem for path in logs.glob("device-*.log")) == ["device-0-1", "device-2"]


@pytest.mark.e2e
def test_the_demo_reaches_its_promised_results_on_both_engines(tmp_path: Path) -> None:
    demo = splitwave("demo", "--results", tmp_path)
    assert demo["error_rate"] <= 0.08
    assert demo["payload_bits_per_sample_per_link"] == 112
    assert demo["wire_bytes_per_sample_per_link"] <= 15.4
    train = ("train", "-c", CONFIGS / "demo.yaml", "--engine", "inprocess", "--results", tmp_path)
    assert splitwave(*train)["weights_sha256"] == demo["weights_sha256"]


def _exit_of(*arguments: str) -> tuple[int, str]:
    command = [sys.executable, "-m", *arguments]
    answer = subprocess.run(command, capture_output=True, text=True, check=False, env=ENVIRONMENT, timeout=LIMIT_S)
    return answer.returncode, answer.stderr


@pytest.mark.e2e
def test_services_end_with_the_documented_codes(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        code, output = _exit_of("splitwave.channel", f"--listen={address}", "--connect=127.0.0.1:1")
        assert (code, f"cannot listen on {address}: the port is taken" in output) == (ExitCode.ADDRESS, True)
        assert "add_port.cc" not in output
    code, output = _exit_of("splitwave.channel", "--connect=nowhere")
    assert (code, "--connect nowhere: expected HOST:PORT" in output) == (ExitCode.ADDRESS, True)
    code, output = _exit_of("splitwave.basestation", "--late-after=0")
    assert (code, "--late-after 0: expected seconds, more than 0" in output) == (ExitCode.CONFIG, True)
    arguments = ("splitwave.device", "--connect=127.0.0.1:1", "--connect-timeout=0.2", f"--state={tmp_path}")
    code, output = _exit_of(*arguments)
    assert (code, "127.0.0.1:1 did not accept this device within 0.2 s" in output) == (ExitCode.UNREACHABLE, True)


@pytest.mark.e2e
def test_the_status_of_a_running_testbed_shows_its_links(training: Training) -> None:
    answers = [
        subprocess.run([SPLITWAVE, "status", *where], capture_output=True, text=True, check=True, env=ENVIRONMENT)
        for where in (("--results", str(training.results)), ("--address", training.address))
    ]

    for answer in answers:
        assert f"at {training.address}: training, epoch" in answer.stdout
        rows = [line.split("│") for line in answer.stdout.splitlines() if line.startswith("│")]
        assert [(row[1].strip(), row[4].strip()) for row in rows] == [("0", "yes"), ("1", "yes")]


@pytest.mark.e2e
@pytest.mark.parametrize("role", ["device-1", "channel", "basestation"])
def test_a_killed_process_stops_the_run_and_is_named_with_its_log(training: Training, role: str) -> None:
    training.send(signal.SIGKILL, role)

    exit_code, errors = training.stopped()

    assert exit_code == ExitCode.RUN_FAILED
    assert errors.startswith(f"error: {role} was killed by SIGKILL; the end of its log:\n  ")
    assert "Traceback" not in errors
    assert training.still_running() == []
    assert training.published() == []
    kept = Path(errors.splitlines()[-1].removeprefix(KEPT))
    assert (kept / "logs" / f"{role}.log").is_file()
    assert len((kept / "metrics.jsonl").read_text().splitlines()) >= 1


@pytest.mark.e2e
def test_ctrl_c_stops_everything(training: Training) -> None:
    os.killpg(training.process.pid, signal.SIGINT)

    exit_code, errors = training.stopped()

    assert exit_code == ExitCode.INTERRUPTED
    assert errors.startswith("interrupted: ")
    assert training.still_running() == []
    assert training.published() == []
    kept = Path(errors.splitlines()[-1].removeprefix(KEPT))
    record = json.loads((kept / "unfinished.json").read_text())
    assert record["ended"] == "interrupted"
    assert record["missing"][1:] == ["the checkpoint", "the test error", "the serving pass and its latency"]
    assert (kept / "figs" / "training.png").is_file()


@pytest.mark.e2e
def test_a_run_interrupted_while_serving_keeps_its_test_errors_and_a_usable_checkpoint(
    trained: Table, tmp_path: Path
) -> None:
    serves_long = ("--set", "inference.latency_samples=5000", "--set", "encoder.dimension=8", *SHORT[-2:])
    command: list[str | Path] = [SPLITWAVE, "demo", *serves_long, "--results", tmp_path]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=ENVIRONMENT, process_group=0) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert [process.stdout.readline()[:9] for _ in range(2)] == ["epoch 1/2", "epoch 2/2"]
        while not list(tmp_path.glob("demo/.*.partial/ckpt/checkpoint.json")):
            assert process.poll() is None
        (testbed,) = running_testbeds(tmp_path)
        until(testbed.basestation, lambda status: status.stage == pb.STAGE_SERVING)
        os.killpg(process.pid, signal.SIGINT)
        errors = process.stderr.read()

    (unfinished,) = tmp_path.glob("demo/*.unfinished/unfinished.json")
    record = json.loads(unfinished.read_text())
    assert record["missing"] == ["the serving pass and its latency"]
    assert [record[name] for name in ERRORS] == [trained[name] for name in ERRORS]
    *_, infer = errors.strip().partition("; to use its checkpoint: ")
    program, *arguments = shlex.split(infer)
    assert program in ("splitwave", str(SPLITWAVE))
    assert splitwave(*arguments, "--results", tmp_path)["weights_sha256"] == trained["weights_sha256"]


@pytest.mark.e2e
def test_sigterm_stops_everything(training: Training) -> None:
    training.send(signal.SIGTERM, "splitwave")

    assert training.stopped()[0] == ExitCode.INTERRUPTED
    assert training.still_running() == []


@pytest.mark.e2e
def test_nothing_outlives_a_killed_command_line(training: Training) -> None:
    training.send(signal.SIGKILL, "splitwave")

    assert training.still_running(LIMIT_S) == []
    assert training.published() == []
