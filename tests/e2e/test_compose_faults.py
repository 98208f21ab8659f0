"""Faults injected into containers: how the other containers react, and that the run continues."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from splitwave.common.exit_codes import ExitCode
from splitwave.testbed.compose.containers import find_containers
from splitwave.testbed.compose.docker_api import docker_engine
from tests.e2e.compose_testbed import Log, Project, finished_run, kill, left_over, splitwave, started, up
from tests.installed_command import SMALL

pytestmark = [pytest.mark.e2e, pytest.mark.compose]

LONGER = (*SMALL, "--set", "training.epochs=16")
GRACE_S = 15  # stop_grace_period of docker-compose.yml; a slower container is killed, which its exit code shows


@pytest.fixture(scope="module")
def undisturbed_sha256(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The weights of `LONGER` without any fault, computed with the process engine, which is faster."""
    return str(finished_run("demo", *LONGER, "--results", tmp_path_factory.mktemp("undisturbed"))["weights_sha256"])


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Project, Log]]:
    """A testbed that has finished training and serves queries, and the log of its base station from there on."""
    folder = tmp_path_factory.mktemp("serving")
    with up(folder, *SMALL, "--set", "training.epochs=1") as project, project.log("basestation") as log:
        log.until("served")
        yield project, log


def test_a_killed_device_gets_its_link_back_and_the_run_ends_with_the_same_weights(
    tmp_path: Path, undisturbed_sha256: str
) -> None:
    with up(tmp_path, *LONGER) as project, project.log("basestation") as log:
        leased = [log.until("link leased") for _ in range(2)]
        result = project.result(killed_after_an_epoch="device:1")

        device = project.parts()["device-1"]
        assert (device.restarts, device.status) == (1, "running")
        assert log.until("run starts over")["from_step"] == 0
        back = log.until("link leased")
        host = device.id[:12]
        (before,) = [entry["link"] for entry in leased if str(entry["device"]).startswith(host)]
        assert str(back["device"]).startswith(host)
        assert back["link"] == before

    assert result.weights_sha256 == undisturbed_sha256


def test_a_run_of_the_command_line_survives_a_killed_base_station(tmp_path: Path, undisturbed_sha256: str) -> None:
    with started("demo", "--engine", "compose", *LONGER, "--results", tmp_path) as run:
        run.wait_for("epoch  2/16")
        kill("basestation", run.project())
        output = run.rest()

    assert run.exit_code == ExitCode.OK
    assert "the base station was lost: the run starts over" in output
    assert "epoch  1/16" in output
    (harmed,) = (tmp_path / "demo").iterdir()
    assert len((harmed / "metrics.jsonl").read_text().splitlines()) == 16
    summary = json.loads((harmed / "summary.json").read_text())
    assert (summary["weights_sha256"], summary["restarts"]) == (undisturbed_sha256, 1)


def test_ctrl_c_leaves_no_containers_behind(tmp_path: Path) -> None:
    with started("demo", "--engine", "compose", *LONGER, "--results", tmp_path) as run:
        run.wait_for("epoch  1/16")
        project = run.project()
        run.interrupt()
        output = run.rest()

    assert run.exit_code == ExitCode.INTERRUPTED
    assert "interrupted: " in output
    assert left_over(project) == []


def test_a_container_that_fails_is_named_with_its_exit_code_and_its_error(tmp_path: Path) -> None:
    # The images have no GPU; only the services detect this, since the command line does not import torch.
    with started("demo", "--set", "runtime.torch_device=cuda", "--engine", "compose", "--results", tmp_path) as run:
        output = run.rest()

    assert run.exit_code == ExitCode.CONFIG
    (error,) = [line for line in output.splitlines() if line.startswith("error: ")]
    assert "runtime.torch_device" in error
    assert re.search(r"\([a-z]+-[0-9] ended with exit code 2 \(CONFIG\)\)$", error)


def test_missing_data_are_refused_before_any_container_starts(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    arguments = ("--engine", "compose", "--data-dir", tmp_path / "data", "--results", tmp_path / "results")
    with started("demo", "--set", "data.name=mnist", *arguments) as run:
        output = run.rest()

    assert run.exit_code == ExitCode.DATA
    assert output.startswith("error: MNIST: train-images-idx3-ubyte is missing")
    assert not (tmp_path / "results").exists()


def test_a_paused_device_is_late_until_it_is_resumed(serving: tuple[Project, Log]) -> None:
    project, log = serving

    project.splitwave("fault", "pause", "device:2")
    late = log.until("link late")

    assert late["level"] == "warning"
    assert _late_links(project) == {str(late["link"])}
    assert "paused" in _row(project.splitwave("status", "--engine", "compose"), "device-2")

    project.splitwave("fault", "resume", "device:2")
    assert log.until("link caught up")["link"] == late["link"]
    log.until("served")
    assert _late_links(project) == set()


def test_a_partitioned_device_recovers(serving: tuple[Project, Log]) -> None:
    project, log = serving

    project.splitwave("fault", "partition", "device:1")
    late = log.until("link late")
    assert "cut off" in _row(project.splitwave("status", "--engine", "compose"), "device-1")

    project.splitwave("fault", "resume", "device:1")
    log.until("served")
    assert _late_links(project) == set()
    assert late["link"] in (0, 1)


def test_every_service_drains_within_its_grace_period(serving: tuple[Project, Log]) -> None:
    project, _ = serving  # this must be the last test that uses the testbed

    with docker_engine() as client:
        # Stop the devices first, so that no container ends because another one did.
        for _, container in reversed(find_containers(client, project.name)):
            container.stop(timeout=GRACE_S)

    ended = {part.name: (part.status, part.exit_code) for part in project.parts().values()}
    services = ("basestation-1", "channel-1", "device-1", "device-2")
    assert ended == dict.fromkeys(services, ("exited", ExitCode.OK))


def _row(table: str, first: str) -> str:
    return next(line for line in table.splitlines() if first in line)


def _late_links(project: Project) -> set[str]:
    output = splitwave("status", "--address", project.address)
    rows = [[cell.strip() for cell in line.split("│")] for line in output.splitlines() if line.startswith("│")]
    return {row[1] for row in rows if row[5] == "yes"}
