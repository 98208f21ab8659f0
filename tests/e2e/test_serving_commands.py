"""`splitwave serve` and `deploy` as a user types them, with live devices."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest

from splitwave.common.exit_codes import ExitCode
from splitwave.common.protocol.live_messages import QueryAnswer
from splitwave.common.protocol.query_name import QueryName
from splitwave.common.records.model_folder import read_model
from splitwave.device.inference.torch_encoder import TorchEncoder
from splitwave.device.live.station_connection import StationConnection
from tests.e2e.services import Process, Services
from tests.installed_command import ENVIRONMENT, SPLITWAVE
from tests.integration.live_stations import export
from tests.integration.test_live_queries import TWO_LINKS
from tests.limits import LIMIT_S

pytestmark = pytest.mark.e2e

ANY_PORTS = ("--listen=127.0.0.1:0", "--channel=127.0.0.1:0")
SAMPLE = np.linspace(0, 1, 392, dtype=np.float32)


@pytest.fixture(name="models")
def _models(tmp_path: Path) -> list[Path]:
    folders = [tmp_path / "first", tmp_path / "second"]
    for seed, folder in enumerate(folders):
        export(TWO_LINKS, folder, weights_seed=seed)
    return folders


@pytest.fixture(name="serving")
def _serving(models: list[Path], tmp_path: Path) -> Iterator[tuple[Process, str, str]]:
    """The process, and the addresses of the emulator and the base station that it prints."""
    arguments: list[str | Path] = [SPLITWAVE, "serve", models[0], *ANY_PORTS, "--logs", tmp_path]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENVIRONMENT) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline().decode().split() for _ in range(2)]
        assert (lines[0][0], lines[1][:2]) == ("devices", ["base", "station"])
        yield process, lines[0][-1], lines[1][2].rstrip(",")
        process.kill()


def command(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [SPLITWAVE, *arguments], capture_output=True, text=True, check=False, timeout=LIMIT_S, env=ENVIRONMENT
    )


def deploy(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return command("deploy", *arguments)


def ask(links: list[StationConnection], number: int) -> list[QueryAnswer]:
    replies = [link.submit(QueryName(0, number), SAMPLE) for link in links]
    return [reply.result(LIMIT_S).answer for reply in replies]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_served_model_answers_and_is_changed_and_rolled_back(
    number: signal.Signals, models: list[Path], serving: tuple[Process, str, str]
) -> None:
    process, uplink, address = serving
    links = [StationConnection(uplink, TorchEncoder.open, link=link) for link in (0, 1)]
    used = []
    try:
        for link in links:
            link.connect()
        steps: list[str | Path | None] = [None, models[1], "--roll-back"]
        for count, step in enumerate(steps):
            if step is not None:
                answer = deploy(step, "--to", address)
                assert (answer.returncode, answer.stderr) == (ExitCode.OK, "")
                assert ", by 2 connected devices" in answer.stdout
            used.append([each.model for each in ask(links, count)])
        refused = deploy(models[0].parent, "--to", address)
        shown = command("status", "--address", address).stdout
        process.send_signal(number)
        _, errors = process.communicate(timeout=LIMIT_S)
    finally:
        for link in links:
            link.close()
    assert used == [[1, 1], [2, 2], [1, 1]]
    assert refused.returncode == ExitCode.CHECKPOINT
    version = read_model(models[0]).manifest.version
    assert f" at {address}: serving model {version} (number 1), 3 queries answered\n" in shown
    assert (process.returncode, errors.decode()) == (
        ExitCode.INTERRUPTED,
        "interrupted: everything that was started has been stopped\n",
    )


def test_a_station_that_cannot_open_its_model_ends_the_command_with_the_reason(models: list[Path]) -> None:
    weights = models[0] / "basestation" / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    answer = command("serve", models[0], *ANY_PORTS)
    assert answer.returncode == ExitCode.CHECKPOINT
    assert "basestation/weights.safetensors: has SHA-256" in answer.stderr


def test_a_station_goes_on_when_a_batch_system_warns_all_processes(models: list[Path], tmp_path: Path) -> None:
    with ExitStack() as stack:
        services = Services(tmp_path, stack)
        station, address = services.serve("basestation", "splitwave.basestation", f"--serve={models[0]}")
        station.send_signal(signal.SIGUSR1)
        assert command("status", "--address", address).returncode == ExitCode.OK
        station.send_signal(signal.SIGTERM)
        assert station.wait(LIMIT_S) == ExitCode.OK
