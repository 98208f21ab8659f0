"""A testbed that stays up after the command that started it: `splitwave up` and `down`."""

import re
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from docker import DockerClient

from splitwave.common.config.layers import to_yaml
from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import ConfigError
from splitwave.testbed.compose.command import Compose
from splitwave.testbed.compose.containers import find_containers, find_parts
from splitwave.testbed.compose.lifecycle import CONFIG_TARGET, Deployment, bring_up, check_images, leavings, take_down
from splitwave.testbed.interruption import run_interruptibly

DEFAULT_PROJECT = "splitwave"
_SETTINGS_FOLDER = ".compose"

# A variable that makes no sense must not keep anyone from taking a project down.
_HARMLESS = dict.fromkeys(("BASESTATION_PORT", "CHANNEL_PORT"), "0") | dict.fromkeys(
    ("DEVICES", "BASESTATION_CPUS", "DEVICE_CPUS"), "1"
)


@dataclass(frozen=True, slots=True)
class Wish:
    """What `splitwave up` is asked for.

    Attributes:
        project: its name.
        data_dir: folder with the data sets, or None for a volume that downloads go to.
        board: a compose override file.
        build: build the images first.
    """

    project: str
    config: RunConfig
    data_dir: Path | None
    board: Path | None
    build: bool

    def settings_text(self) -> str:
        """The file that the base station reads; its first lines tell what else the testbed was started with."""
        return (
            f"# project {self.project}; `splitwave down` removes this file\n"
            f"# board: {self.board.stem if self.board else None}\n"
            f"# data: {self.data_dir}\n{to_yaml(self.config)}"
        )


def check_project_name(name: str) -> str:
    """The name, if Compose takes it.

    Raises:
        ConfigError: it does not.
    """
    if re.fullmatch(r"[a-z0-9][a-z0-9_-]*", name) is None:
        raise ConfigError(f"--project {name}: expected small letters, digits, - and _, such as splitwave")
    return name


def start(client: DockerClient, wish: Wish, results: Path) -> str:
    """Bring a project up and leave it running; returns the base station's address.

    The settings lie below the folder of all results. One that is up already is left as it is, but for containers
    that went missing. If it cannot come up, what this call made is removed; volumes that were there are kept.

    Raises:
        ConfigError: it is up with other settings, or an image is missing.
        SplitwaveError: a container ended, a port is taken, or Compose failed.
    """
    running = _settings_file(client, wish.project) if _is_up(client, wish.project) else None
    file = running or results / _SETTINGS_FOLDER / f"{wish.project}.yaml"
    if running is not None and _read(running) != wish.settings_text():
        raise ConfigError(
            f"--project {wish.project}: is up with other settings ({running}); "
            "take it down first (`splitwave down`), or name another project"
        )
    deployment = Deployment(file, wish.config.links, wish.data_dir)
    compose = Compose.find(wish.project, deployment.variables(), wish.board)
    if not wish.build:
        check_images(client, compose)
    _write(file, wish.settings_text())
    return run_interruptibly(_bring_up_or_undo(client, compose, wish, file, is_up=running is not None))


def end(client: DockerClient, project: str, *, volumes: bool) -> list[str]:
    """Take a project down; returns what is left of it: its volumes, unless they go, too."""
    file = _settings_file(client, project)
    # Containers of the profile `bench` hold the network, too.
    compose = Compose.find(project, {"COMPOSE_PROFILES": "bench", **_HARMLESS})
    take_down(compose, volumes=volumes)
    if file is not None and file.parent.name == _SETTINGS_FOLDER:  # one that `start` wrote
        _remove(file)
    return leavings(client, project)


async def _bring_up_or_undo(client: DockerClient, compose: Compose, wish: Wish, file: Path, *, is_up: bool) -> str:
    is_new = not leavings(client, wish.project)
    try:
        with TemporaryDirectory(prefix="splitwave-") as logs:
            return await bring_up(client, compose, None, Path(logs), build=wish.build)
    except BaseException:
        if not is_up:
            take_down(compose, volumes=is_new)
            _remove(file)
        raise


def _is_up(client: DockerClient, project: str) -> bool:
    return any(part.is_running or part.status == "restarting" for part in find_parts(client, project))


def _settings_file(client: DockerClient, project: str) -> Path | None:
    """The file that a project's base station reads its settings from, if there is a container of it."""
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
        file.chmod(0o644)  # the containers' user is not this one
    except OSError as error:
        raise ConfigError(f"--results {file.parent.parent}: cannot be written to: {error}") from None


def _remove(file: Path) -> None:
    file.unlink(missing_ok=True)
    if not any(file.parent.iterdir()):
        file.parent.rmdir()
