"""Each signal ends each command and service with the code of docs/exit-codes.md, or leaves it alone."""

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from splitwave.common.exit_codes import ExitCode
from tests.e2e.services import Process, Services, until
from tests.installed_command import ENVIRONMENT, SMALL, SPLITWAVE
from tests.limits import LIMIT_S

pytestmark = pytest.mark.e2e

ENDLESS = "{links: 1, encoder: {dimension: 8}, training: {epochs: 9999}}"
SERVICES = ("device", "channel", "basestation")
STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
ASKING = ("status --address {}", "beta show --address {}", "beta set 0.1 --address {}")
ASKING_DOCKER = ("up", "down", "logs", "status --engine compose", "fault kill channel", "doctor --engine compose")


class SilentServer:
    """A TCP server that accepts connections and never says anything."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._listening.settimeout(LIMIT_S)
        self._connections: list[socket.socket] = []
        self.address = f"127.0.0.1:{self._listening.getsockname()[1]}"

    def wait_for_client(self) -> None:
        self._connections.append(self._listening.accept()[0])

    def close(self) -> None:
        for each in (*self._connections, self._listening):
            each.close()


@pytest.fixture
def silent() -> Iterator[SilentServer]:
    server = SilentServer()
    yield server
    server.close()


@pytest.fixture
def services(tmp_path: Path) -> Iterator[tuple[Services, dict[str, Process]]]:
    """A run that does not end by itself, with its device in the middle of training."""
    config = tmp_path / "run.yaml"
    config.write_text(ENDLESS, encoding="utf-8")
    with ExitStack() as stack:
        started = Services(tmp_path, stack)
        basestation, address = started.serve(
            "basestation", "splitwave.basestation", f"--config={config}", f"--state={tmp_path}"
        )
        channel, uplink = started.serve("channel", "splitwave.channel", f"--connect={address}")
        device = started.start("device", "splitwave.device", f"--connect={uplink}", f"--state={tmp_path}")
        until(address, lambda status: status.step >= 1)
        yield started, {"basestation": basestation, "channel": channel, "device": device}


@pytest.mark.parametrize("number", STOPPING, ids=lambda number: number.name)
def test_each_service_drains_and_ends_with_ok_and_outlives_a_broken_pipe(
    services: tuple[Services, dict[str, Process]], number: signal.Signals
) -> None:
    started, processes = services
    for name in SERVICES:
        processes[name].send_signal(signal.SIGPIPE)
        processes[name].send_signal(number)
        assert processes[name].wait(LIMIT_S) == ExitCode.OK, started.log(name)
        assert "Traceback" not in started.log(name)


def test_a_second_ctrl_c_ends_each_service_at_once(services: tuple[Services, dict[str, Process]]) -> None:
    started, processes = services
    for name in SERVICES:
        process = processes[name]
        process.send_signal(signal.SIGINT)
        while process.poll() is None:
            process.send_signal(signal.SIGINT)
        assert process.returncode in (ExitCode.OK, -signal.SIGINT)  # it may have drained before the second one came
        assert "Traceback" not in started.log(name)


@pytest.mark.parametrize("number", STOPPING, ids=lambda number: number.name)
@pytest.mark.parametrize("engine", ["process", "inprocess"])
def test_a_training_keeps_what_it_measured(engine: str, number: signal.Signals, tmp_path: Path) -> None:
    code, errors = _interrupted(tmp_path, engine, number)
    assert code == ExitCode.INTERRUPTED
    assert "Traceback" not in errors
    (kept,) = tmp_path.glob("demo/*.unfinished/metrics.jsonl")
    assert kept.read_text(encoding="utf-8").count("\n") >= 1


@pytest.mark.parametrize("engine", ["process", "inprocess"])
def test_a_second_ctrl_c_leaves_no_process_behind(engine: str, tmp_path: Path) -> None:
    code, errors = _interrupted(tmp_path, engine, signal.SIGINT, signal.SIGINT)
    assert code == ExitCode.INTERRUPTED
    assert "Traceback" not in errors


def _interrupted(folder: Path, engine: str, *numbers: signal.Signals) -> tuple[int, str]:
    """Start an endless training, send it signals after its first epoch; its exit code and its errors.

    Its services have the pipe of its errors, which is read to the end: none of them is left.
    """
    command: list[str | Path] = [SPLITWAVE, "demo", "--engine", engine, *SMALL]
    command += ["--set", "training.epochs=9999", "--results", folder]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, env=ENVIRONMENT, text=True
    ) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline().startswith("epoch    1/9999")
            for number in numbers:
                process.send_signal(number)
            _, errors = process.communicate(timeout=LIMIT_S)
        finally:
            process.kill()
    return process.returncode, errors


@pytest.mark.parametrize("number", STOPPING, ids=lambda number: number.name)
@pytest.mark.parametrize("command", [*ASKING, *ASKING_DOCKER])
def test_a_command_that_waits_for_an_answer_is_interrupted(
    command: str, number: signal.Signals, silent: SilentServer, tmp_path: Path
) -> None:
    words = command.format(silent.address).split()
    environment = {**ENVIRONMENT, "DOCKER_HOST": f"tcp://{silent.address}"}
    with subprocess.Popen(
        [SPLITWAVE, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, cwd=tmp_path
    ) as process:
        try:
            silent.wait_for_client()
            process.send_signal(number)
            _, errors = process.communicate(timeout=LIMIT_S)
        finally:
            process.kill()
    assert process.returncode == ExitCode.INTERRUPTED, errors
    assert "Traceback" not in errors


@pytest.mark.parametrize("engine", ["process", "inprocess"])
def test_sigusr1_ends_a_command_that_does_not_know_it_and_all_that_it_started(engine: str, tmp_path: Path) -> None:
    code, errors = _interrupted(tmp_path, engine, signal.SIGUSR1)
    assert code == -signal.SIGUSR1
    assert "Traceback" not in errors


def test_a_warning_to_all_processes_of_a_job_stops_the_training_with_a_checkpoint(
    services: tuple[Services, dict[str, Process]],
) -> None:
    started, processes = services
    for name in SERVICES:  # the devices first, which must not be gone when the base station asks for their parts
        processes[name].send_signal(signal.SIGUSR1)

    assert processes["basestation"].wait(LIMIT_S) == ExitCode.STOPPED, started.log("basestation")
    assert processes["device"].wait(LIMIT_S) == ExitCode.RUN_FAILED, started.log("device")
    assert "was stopped after step" in started.log("device")
    assert processes["channel"].poll() is None
    processes["channel"].send_signal(signal.SIGTERM)
    assert processes["channel"].wait(LIMIT_S) == ExitCode.OK, started.log("channel")
    assert all("Traceback" not in started.log(name) for name in SERVICES)


@pytest.mark.parametrize("number", STOPPING, ids=lambda number: number.name)
@pytest.mark.parametrize("name", SERVICES)
def test_a_service_whose_log_nobody_reads_any_longer_still_ends_with_ok(
    name: str, number: signal.Signals, silent: SilentServer, tmp_path: Path
) -> None:
    ready, end = {
        "device": ("waiting for", ["--connect", silent.address, "--dial-timeout=1", "--data=."]),
        "channel": ("serving", ["--connect", silent.address, "--listen=127.0.0.1:0"]),
        "basestation": ("serving", ["--listen=127.0.0.1:0"]),
    }[name]
    state = [] if name == "channel" else [f"--state={tmp_path}"]
    command = [sys.executable, "-m", f"splitwave.{name}", *end, *state]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT) as process:
        try:
            assert process.stderr is not None
            assert any(ready in line for line in process.stderr)
            process.stderr.close()
            process.send_signal(number)
            assert process.wait(LIMIT_S) == ExitCode.OK
        finally:
            process.kill()
