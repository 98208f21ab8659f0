"""Faults injected into containers: how the other containers react, and that the run continues."""

import json
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from splitwave.common.exit_codes import ExitCode
from splitwave.testbed.compose.containers import find_containers
from splitwave.testbed.compose.docker_api import docker_engine
from splitwave.testbed.compose.operator_certificate import operator_of
from splitwave.testbed.control_client import get_status
from tests.e2e.compose_testbed import Log, Project, finished_run, kill, left_over, started, up
from tests.installed_command import SMALL

pytestmark = [pytest.mark.e2e, pytest.mark.compose]

LONGER = (*SMALL, "--set", "training.epochs=16")
CHECKPOINT_EVERY = 100  # of docker-compose.yml
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
        from_step = log.until("run starts over")["from_step"]
        assert isinstance(from_step, int)
        assert from_step % CHECKPOINT_EVERY == 0
        back = log.until("link leased")
        host = f"device/{device.id[:12]}"  # the name in the certificate, then the device's own id
        (before,) = [entry["link"] for entry in leased if str(entry["device"]).startswith(host)]
        assert str(back["device"]).startswith(host)
        assert back["link"] == before

    assert result.weights_sha256 == undisturbed_sha256


@pytest.mark.parametrize(("every", "goes_on"), [(0, False), (20, True)])
def test_a_run_of_the_command_line_survives_a_killed_base_station(
    every: int, goes_on: bool, tmp_path: Path, undisturbed_sha256: str
) -> None:
    keeping = ("--checkpoint-every", str(every))
    with started("train", "-c", "demo", "--engine", "compose", *keeping, *LONGER, "--results", tmp_path) as run:
        run.wait_for("epoch  2/16")
        kill("basestation", run.project())
        output = run.rest()

    assert run.exit_code == ExitCode.OK, output
    assert "the base station was lost: the run starts over" in output
    (harmed,) = (tmp_path / "demo").iterdir()
    assert epochs_in(harmed) == list(range(16))
    summary = json.loads((harmed / "summary.json").read_text())
    assert (summary["weights_sha256"], summary["restarts"]) == (undisturbed_sha256, 1)
    # Which epochs the second base station trained is in the log of its container.
    trained = [entry["epoch"] for entry in log_of(harmed, "basestation-1") if entry["event"] == "epoch"]
    assert trained.count(0) == (1 if goes_on else 2)
    assert (harmed / "ckpt" / "step-001008" / "training.json").exists() == goes_on


def test_a_training_in_containers_is_stopped_and_goes_on(tmp_path: Path, undisturbed_sha256: str) -> None:
    compose = ("--engine", "compose", "--results", tmp_path)
    with started("train", "-c", "demo", "--checkpoint-every", "200", *LONGER, *compose) as run:
        run.wait_for("epoch  2/16")
        run.send(signal.SIGUSR1)
        output = run.rest()
    assert run.exit_code == ExitCode.STOPPED, output
    assert re.search(r"error: the run was stopped after step \d+ of 1008\nthe unfinished run is kept in ", output)
    (unfinished,) = (tmp_path / "demo").iterdir()
    (stopped_at,) = (int(step.name.removeprefix("step-")) for step in (unfinished / "ckpt").glob("step-*"))
    assert 126 < stopped_at < 1008

    with started("train", "--resume", "--checkpoint-every", "200", *compose) as run:
        output = run.rest()

    assert run.exit_code == ExitCode.OK, output
    (resumed,) = (tmp_path / "demo").iterdir()
    assert epochs_in(resumed) == list(range(16))
    assert json.loads((resumed / "summary.json").read_text())["weights_sha256"] == undisturbed_sha256
    assert {path.name for path in (resumed / "ckpt").glob("step-*")} == {"step-001000", "step-001008"}
    trained = [entry["epoch"] for entry in log_of(resumed, "basestation-1") if entry["event"] == "epoch"]
    assert 0 not in trained


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


def test_a_testbed_that_is_started_again_goes_on_or_begins_whatever_is_in_its_volume(tmp_path: Path) -> None:
    with up(tmp_path, *SMALL, "--set", "training.epochs=2", "--checkpoint-every", "30") as project:
        first = project.result()
        project.splitwave("down")
        epochs = []
        for settings in (("training.epochs=2",), ("training.epochs=2", "seed=7"), ("training.epochs=2", "seed=7")):
            options = [word for setting in settings for word in ("--set", setting)]
            again = project.up_again(tmp_path, *SMALL, *options, "--checkpoint-every", "30")
            result = again.result()
            with again.log("basestation") as log:
                epochs.append(log.count_until("epoch", "result"))
            again.splitwave("down")
            assert (result.weights_sha256 == first.weights_sha256) == (len(settings) == 1)

    assert epochs == [0, 2, 0]  # finished before; other settings; finished before


def test_every_service_drains_within_its_grace_period(serving: tuple[Project, Log]) -> None:
    project, _ = serving  # this must be the last test that uses the testbed

    with docker_engine() as client:
        # Stop the devices first, so that no container ends because another one did.
        for _, container in reversed(find_containers(client, project.name)):
            container.stop(timeout=GRACE_S)

    ended = {part.name: (part.status, part.exit_code) for part in project.parts().values()}
    services = ("basestation-1", "channel-1", "device-1", "device-2")
    assert ended == dict.fromkeys(services, ("exited", ExitCode.OK))


def epochs_in(folder: Path) -> list[int]:
    return [json.loads(line)["epoch"] for line in (folder / "metrics.jsonl").read_text().splitlines()]


def log_of(folder: Path, container: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / "logs" / f"{container}.log").read_text().splitlines()]


def _row(table: str, first: str) -> str:
    return next(line for line in table.splitlines() if first in line)


def _late_links(project: Project) -> set[str]:
    with docker_engine() as client:
        operator = operator_of(client, project.name)
    return {str(link.link) for link in get_status(project.address, operator).links if link.late}
