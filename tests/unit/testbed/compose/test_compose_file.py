"""The compose files, their variables and board files are valid for both Compose versions and confine the services."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import cast

import pytest
import yaml

from splitwave.common.runtime.healthcheck import LIMIT_S as HEALTHCHECK_LIMIT_S
from splitwave.common.runtime.server import DRAIN_GRACE_S

ROOT = Path(__file__).parents[4]
FILE = ROOT / "docker-compose.yml"
SERVING = ROOT / "docker-compose.serving.yml"
EXAMPLE = ROOT / ".env.example"
BOARDS = sorted((ROOT / "configs" / "boards").glob("*.yaml"))
VARIABLE = re.compile(r"\$\{(\w+):-([^${}]*)\}")
BOARD_MAY_SET = {"environment", "cpus", "mem_limit", "memswap_limit"}

Service = dict[str, object]


def _services(path: Path = FILE) -> dict[str, Service]:
    return cast("dict[str, Service]", yaml.safe_load(path.read_text())["services"])


SERVICES = _services()
ALL_SERVICES = SERVICES | {f"serving-{name}": service for name, service in _services(SERVING).items()}
each_service = pytest.mark.parametrize("service", ALL_SERVICES.values(), ids=ALL_SERVICES)
each_board = pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.stem)


def _compose_command() -> list[str]:
    plugin = ["docker", "compose"]
    if shutil.which("docker") and not subprocess.run([*plugin, "version"], capture_output=True, check=False).returncode:
        return plugin
    return ["docker-compose"] if shutil.which("docker-compose") else []


COMPOSE = _compose_command()
needs_compose = pytest.mark.skipif(not COMPOSE, reason="no compose command is installed")


def _config(*boards: Path, **variables: str) -> dict[str, Service]:
    """Return the services as resolved by the compose command, with these variables overriding those of the example."""
    environment = {name: value for name, value in os.environ.items() if name not in _example()} | variables
    files = [argument for file in (FILE, *boards) for argument in ("--file", str(file))]
    command = [*COMPOSE, "--env-file", str(EXAMPLE), *files, "--profile", "bench", "config"]
    answer = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    return cast("dict[str, Service]", yaml.safe_load(answer.stdout)["services"])


def _example() -> dict[str, str]:
    return dict(re.findall(r"^(\w+)=(.*)$", EXAMPLE.read_text(), re.MULTILINE))


@pytest.mark.parametrize("path", [FILE, SERVING, *BOARDS], ids=lambda path: path.name)
def test_the_file_is_valid_by_the_compose_specification(path: Path) -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(path)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_devices_that_share_a_volume_take_different_ids_in_it() -> None:
    command = str(SERVICES["device"]["command"]).split()
    state = command[command.index("--state") + 1]
    assert f"checkpoints:{state}" in cast("list[object]", SERVICES["device"]["volumes"])
    assert "--shared-state" in command


@each_service
def test_no_service_runs_as_root(service: Service) -> None:
    assert service["user"] == "10001:10001"


def test_no_image_runs_as_root() -> None:
    stages = re.split(r"^FROM ", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)
    final = {stage.split()[2]: stage for stage in stages[1:] if "\nENTRYPOINT " in stage}
    assert set(final) == {*SERVICES, "device-light"}
    for stage in final.values():
        assert re.findall(r"^USER (.*)$", stage, re.MULTILINE) == ["10001:10001"]


@each_service
def test_a_service_has_no_more_rights_than_it_needs(service: Service) -> None:
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    forbidden = {"privileged", "cap_add", "devices", "network_mode", "pid", "ipc", "userns_mode", "group_add", "uts"}
    assert forbidden.isdisjoint(service)


@each_service
def test_no_service_mounts_the_docker_socket(service: Service) -> None:
    assert "docker.sock" not in str(service.get("volumes"))


@each_service
def test_ports_are_published_on_loopback_only(service: Service) -> None:
    for port in cast("list[str]", service.get("ports", [])):
        assert re.fullmatch(r"127\.0\.0\.1:\$\{\w+_PORT:-\d+\}:\d+", port)


@each_service
def test_a_service_is_limited_and_may_drain(service: Service) -> None:
    assert {"cpus", "mem_limit", "pids_limit", "init", "restart"} <= set(service)
    assert cast("dict[str, dict[str, str]]", service["logging"])["options"]["max-size"]
    assert float(str(service["stop_grace_period"]).removesuffix("s")) > DRAIN_GRACE_S


@each_service
def test_a_health_check_ends_before_the_engines_time_limit(service: Service) -> None:
    if check := cast("dict[str, str] | None", service.get("healthcheck")):
        assert float(check["timeout"].removesuffix("s")) > HEALTHCHECK_LIMIT_S


def test_every_variable_has_its_default_in_the_example() -> None:
    example = _example()
    defaults: dict[str, set[str]] = {}
    for name, default in VARIABLE.findall(FILE.read_text() + SERVING.read_text()):
        defaults.setdefault(name, set()).add(default)
    assert set(example) == set(defaults)
    # An empty variable may have a different default at each place.
    assert {name: {value} for name, value in example.items() if value} == {
        name: values for name, values in defaults.items() if example[name]
    }


def test_every_variable_can_be_left_out() -> None:
    for file in (FILE, SERVING):
        assert file.read_text().count("${") == len(VARIABLE.findall(file.read_text()))


@needs_compose
def test_the_defaults_start_two_devices_on_the_demo() -> None:
    services = _config()
    assert set(services) == {"certs", "basestation", "channel", "device", "bench"}
    assert services["device"]["scale"] == 2
    assert str(ROOT / "configs" / "demo.yaml") in str(services["basestation"]["volumes"])
    assert "--restore" not in str(services["basestation"]["command"])


@each_service
def test_a_crash_loop_ends(service: Service) -> None:
    assert re.fullmatch(r"no|on-failure:[1-9]\d*", str(service["restart"]))


@pytest.mark.parametrize("service", ["basestation", "channel", "device"])
def test_a_container_of_a_run_survives_thirty_crashes_and_those_that_follow_from_them(service: str) -> None:
    assert int(str(SERVICES[service]["restart"]).removeprefix("on-failure:")) >= 60


@needs_compose
def test_a_training_keeps_checkpoints_and_goes_on_from_them() -> None:
    command = str(_config()["basestation"]["command"])
    assert re.search(r"--checkpoint-every\W+100\W+--keep-checkpoints\W+2\W+--resume\W+if-same\W", command)


@needs_compose
def test_variables_reach_the_services() -> None:
    services = _config(DEVICES="4", BASESTATION_PORT="0", SPLITWAVE_DATA_DIR="/srv/digits", RESTORE="--restore")
    assert services["device"]["scale"] == 4
    assert cast("dict[str, str]", services["basestation"]["environment"])["SPLITWAVE_LINKS"] == "4"
    assert "--restore" in str(services["basestation"]["command"])
    for name in ("basestation", "device"):
        assert cast("dict[str, str]", services[name]["environment"])["SPLITWAVE_DATA_DIR"] == "/srv/digits"
        assert "/srv/digits" in str(services[name]["volumes"])


@each_board
def test_a_board_changes_limits_and_nothing_else(board: Path) -> None:
    for name, service in _services(board).items():
        assert name in SERVICES
        assert set(service) <= BOARD_MAY_SET


@needs_compose
@each_board
def test_a_board_limits_the_devices_and_sets_their_threads_to_match(board: Path) -> None:
    plain, emulated = _config(), _config(board)
    cores = float(cast("float", emulated["device"]["cpus"]))
    threads = cast("dict[str, str]", emulated["basestation"]["environment"])["SPLITWAVE_RUNTIME__TORCH_THREADS"]
    assert cores <= int(threads) < cores + 1
    assert cores < float(cast("float", plain["device"]["cpus"]))
    assert emulated["device"]["mem_limit"] != plain["device"]["mem_limit"]
    assert emulated["bench"]["cpus"] == emulated["device"]["cpus"]


def test_images_install_only_what_the_project_declares() -> None:
    declared = (ROOT / "pyproject.toml").read_text()
    for path in sorted((ROOT / "docker").glob("*.txt")):
        for name in re.findall(r"^[a-z][a-z0-9-]*$", path.read_text(), re.MULTILINE):
            assert f'"{name}>=' in declared, f"{path.name}: {name}"
