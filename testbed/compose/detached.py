"""Starts and stops a testbed that keeps running after the command: `splitwave up` and `down`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from docker import DockerClient

from splitwave.common.config.layers import to_yaml
from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import ConfigError
from splitwave.testbed.compose.compose_command import Compose
from splitwave.testbed.compose.containers import find_containers, find_parts
from splitwave.testbed.compose.lifecycle import (
    CONFIG_TARGET,
    Deployment,
    bring_up,
    check_images,
    remaining_resources,
    take_down,
)
from splitwave.testbed.interruption import run_interruptibly

DEFAULT_PROJECT = "splitwave"
_SETTINGS_FOLDER = ".compose"

# Valid values for all variables: an invalid value in `.env` or the shell must not prevent `down`.
_VALID_VARIABLES = dict.fromkeys(("BASESTATION_PORT", "CHANNEL_PORT"), "0") | dict.fromkeys(
    ("DEVICES", "BASESTATION_CPUS", "DEVICE_CPUS"), "1"
)


@dataclass(frozen=True, slots=True)
class UpRequest:
    """The options of `splitwave up`.

    Attributes:
        project: name of the project.
        data_dir: folder with the data sets, or None to download them to a volume.
        board: a compose override file, or None.
        build: build the images first.
        options: more variables of the compose file; the others have the values of `.env` or their defaults.
    """

    project: str
    config: RunConfig
    data_dir: Path | None
    board: Path | None
    build: bool
    options: Mapping[str, str] = field(default_factory=dict)

    def settings_text(self) -> str:
        """Return the content of the base station's settings file; its first lines record the other options."""
        return (
            f"# project {self.project}; `splitwave down` removes this file\n"
            f"# board: {self.board.stem if self.board else None}\n"
            f"# data: {self.data_dir}\n"
            f"# options: {dict(self.options)}\n{to_yaml(self.config)}"
        )


def check_project_name(name: str) -> str:
    """Return the name if it is a valid Compose project name.

    Raises:
        ConfigError: the name is invalid.
    """
    if re.fullmatch(r"[a-z0-9][a-z0-9_-]*", name) is None:
        raise ConfigError(f"--project {name}: expected lower-case letters, digits, - and _, such as splitwave")
    return name


def start_detached(client: DockerClient, request: UpRequest, results: Path) -> str:
    """Start a project and leave it running; returns the base station's address.

    The settings file is written below the folder that holds all results. If the project is already running with the
    same settings, only missing containers are started. If the start fails, everything that this call created is
    removed; existing volumes are kept.

    Raises:
        ConfigError: the project is running with other settings, or an image is missing.
        SplitwaveError: a container ended, a port is taken, or Compose failed.
    """
    running = _settings_file(client, request.project) if _is_up(client, request.project) else None
    file = running or results / _SETTINGS_FOLDER / f"{request.project}.yaml"
    if running is not None and _read(running) != request.settings_text():
        raise ConfigError(
            f"--project {request.project}: already running with other settings ({running}); "
            "take it down first (`splitwave down`), or name another project"
        )
    deployment = Deployment(file, request.config.links, request.data_dir, options=request.options)
    compose = Compose.find(request.project, deployment.variables(), request.board)
    if not request.build:
        check_images(client, compose)
    _write(file, request.settings_text())
    return run_interruptibly(_bring_up_or_undo(client, compose, request, file, is_up=running is not None))


def stop_detached(client: DockerClient, project: str, *, volumes: bool) -> list[str]:
    """Take a project down, including its volumes if `volumes`; returns the names of the resources that remain."""
    file = _settings_file(client, project)
    # Containers of the profile `bench` use the network, too, and would prevent its removal.
    compose = Compose.find(project, {"COMPOSE_PROFILES": "bench", **_VALID_VARIABLES})
    take_down(compose, volumes=volumes)
    if file is not None and file.parent.name == _SETTINGS_FOLDER:  # written by `start_detached`
        _remove(file)
    return remaining_resources(client, project)


async def _bring_up_or_undo(
    client: DockerClient, compose: Compose, request: UpRequest, file: Path, *, is_up: bool
) -> str:
    is_new = not remaining_resources(client, request.project)
    try:
        with TemporaryDirectory(prefix="splitwave-") as logs:
            return await bring_up(client, compose, None, Path(logs), build=request.build)
    except BaseException:
        if not is_up:
            take_down(compose, volumes=is_new)
            _remove(file)
        raise


def _is_up(client: DockerClient, project: str) -> bool:
    return any(part.is_running or part.status == "restarting" for part in find_parts(client, project))


def _settings_file(client: DockerClient, project: str) -> Path | None:
    """Return the file from which the project's base station reads its settings; None without a container."""
    for part, container in find_containers(client, project):
        if part.service == "basestation":
            mounts = container.attrs["Mounts"]
            return next((Path(mount["Source"]) for mount in mounts if mount["Destination"] == CONFIG_TARGET), None)
    return None


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError:
        return ""


def _write(file: Path, text: str) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        file.chmod(0o644)  # the containers run as another user
    except OSError as error:
        raise ConfigError(f"--results {file.parent.parent}: cannot be written to: {error}") from None


def _remove(file: Path) -> None:
    file.unlink(missing_ok=True)
    if not any(file.parent.iterdir()):
        file.parent.rmdir()
