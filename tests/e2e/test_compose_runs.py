"""Testbeds in containers: their results, and that no containers, networks or volumes are left behind."""

import asyncio
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from splitwave.common.config.shipped import COMPOSE_FILE
from splitwave.common.exit_codes import ExitCode
from splitwave.testbed.compose.compose_command import find_compose
from splitwave.testbed.compose.docker_api import docker_engine
from splitwave.testbed.compose.operator_certificate import operator_of
from splitwave.testbed.compose.reachability import wait_until_reachable
from splitwave.testbed.control_client import watch_run
from tests.e2e.compose_testbed import (
    ENVIRONMENT,
    finished_run,
    left_over,
    new_project,
    splitwave,
    taken_down,
    up,
)
from tests.installed_command import SHORT, Table

ROOT = Path(__file__).parents[2]

pytestmark = [pytest.mark.e2e, pytest.mark.compose]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Table:
    """A small run in containers; the row `results` names its folder."""
    return finished_run("demo", "--engine", "compose", *SHORT, "--results", tmp_path_factory.mktemp("trained"))


def test_the_demo_trains_serves_and_leaves_nothing_behind(tmp_path: Path) -> None:
    with up(tmp_path) as project:
        assert project.result().error <= 0.08
        with project.log("basestation") as log:
            assert log.until("served")["queries"] == 200
            assert log.until("served")["queries"] == 400  # serving continues
        assert "serving" in project.splitwave("status", "--engine", "compose")
        splitwave("down", "--volumes", "--project", project.name)

        assert left_over(project.name) == []
        assert list(tmp_path.iterdir()) == []


def test_containers_compute_what_processes_compute(trained: Table, tmp_path: Path) -> None:
    processes = finished_run("demo", "--engine", "process", *SHORT, "--results", tmp_path)

    assert (trained["engine"], processes["engine"]) == ("compose", "process")
    for row in ("weights_sha256", "config_hash", "error_rate", "error_rate_soft", "steps"):
        assert trained[row] == processes[row]


def test_a_run_leaves_a_complete_results_folder_and_nothing_in_the_engine(trained: Table) -> None:
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
        "logs/basestation-1.log",
        "logs/channel-1.log",
        "logs/device-1.log",
        "logs/device-2.log",
        "metrics.jsonl",
        "summary.json",
    ]
    assert left_over_of_engine_runs() == []


def test_the_summary_has_the_usage_of_each_container(trained: Table) -> None:
    summary = json.loads((Path(trained["results"]) / "summary.json").read_text())

    containers = summary["containers"]
    assert sorted(containers) == ["basestation-1", "channel-1", "device-1", "device-2"]
    uplink_bytes = summary["steps"] * 64 * summary["packed_bytes_per_sample_per_link"]
    for used in containers.values():
        assert used["cpu_s"] > 0.1  # importing gRPC alone takes longer
        assert used["memory_peak_mib"] > 10
        assert used["network_rx_bytes"] > 0
    for device in ("device-1", "device-2"):
        assert containers[device]["network_tx_bytes"] > uplink_bytes


def test_inference_in_containers_reproduces_the_error_rates(trained: Table, tmp_path: Path) -> None:
    inferred = finished_run("infer", "--engine", "compose", "--checkpoint", trained["results"], "--results", tmp_path)

    for row in ("weights_sha256", "config_hash", "error_rate", "error_rate_soft"):
        assert inferred[row] == trained[row]
    assert "steps" not in inferred


def test_four_devices_need_only_a_scale_and_a_setting(tmp_path: Path) -> None:
    config = tmp_path / "four.yaml"
    config.write_text("links: 4\nencoder: {dimension: 8}\ntraining: {epochs: 1}\ninference: {latency_samples: 20}\n")
    config.chmod(0o644)
    with taken_down(new_project()) as project:
        compose = [*find_compose(), f"--file={COMPOSE_FILE}", f"--project-name={project}"]
        command = [*compose, "up", "--detach", "--no-build", "--scale", "device=4"]
        started = subprocess.run(
            command, env={**ENVIRONMENT, "CONFIG": str(config)}, capture_output=True, text=True, check=False
        )
        assert started.returncode == 0, started.stderr
        with docker_engine() as client:
            address = asyncio.run(wait_until_reachable(client, project))
            operator = operator_of(client, project)
        result = asyncio.run(watch_run(address, lambda _: None, operator))

        assert [cost.samples for cost in result.costs] == [1000] * 4


def left_over_of_engine_runs() -> list[str]:
    """List resources whose names are those of the compose engine's projects, not of test projects."""
    with docker_engine() as client:
        everything = [
            *(str(container.name) for container in client.containers.list(all=True)),
            *(str(network.name) for network in client.networks.list()),
            *(str(volume.name) for volume in client.volumes.list()),
        ]
    return [name for name in everything if name.startswith("splitwave-") and not name.startswith("splitwave-test-")]


def test_a_config_file_that_containers_may_not_read_is_refused_with_its_mode(tmp_path: Path) -> None:
    config = tmp_path / "mine.yaml"
    config.write_text("links: 2\n")
    config.chmod(0o600)
    with taken_down(new_project()) as project:
        compose = [*find_compose(), f"--file={COMPOSE_FILE}", f"--project-name={project}"]
        subprocess.run([*compose, "run", "--rm", "certs"], env=ENVIRONMENT, capture_output=True, check=True)
        answer = subprocess.run(
            [*compose, "run", "--rm", "--no-deps", "basestation"],
            env={**ENVIRONMENT, "CONFIG": str(config)},
            capture_output=True,
            text=True,
            check=False,
        )
    assert answer.returncode == ExitCode.CONFIG
    complaint = f"/etc/splitwave/run.yaml has mode 0600 and owner {os.geteuid()}, and this process runs as user 10001: "
    assert complaint in answer.stdout + answer.stderr


def test_an_image_built_with_a_umask_of_077_runs(tmp_path: Path) -> None:
    context = tmp_path / "context"
    for name in ("Dockerfile", ".dockerignore", "constraints.txt", "src/splitwave/__init__.py"):
        (context / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, context / name)
    shutil.copytree(ROOT / "wheels", context / "wheels", ignore=shutil.ignore_patterns("torch-*"))
    for name in ("requirements", "common", "channel"):
        shutil.copytree(ROOT / name, context / name)
    subprocess.run(["chmod", "-R", "u=rwX,go=", context], check=True)
    image = f"{new_project()}:umask"
    build: list[str | Path] = [
        "docker",
        "build",
        "--network=none",
        "--force-rm",
        "--target=channel",
        f"--tag={image}",
        context,
    ]
    subprocess.run(build, capture_output=True, check=True)
    try:
        help_ = subprocess.run(
            ["docker", "run", "--rm", "--network=none", image, "--help"], capture_output=True, text=True, check=False
        )
    finally:
        subprocess.run(["docker", "image", "rm", "--force", image], capture_output=True, check=True)
    assert (help_.returncode, help_.stderr) == (0, "")
    assert help_.stdout.startswith("usage: ")
