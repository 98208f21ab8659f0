"""How a project comes up and goes: images looked for, containers started and awaited, everything taken down."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml
from docker import DockerClient
from docker.errors import ImageNotFound

from splitwave.common.errors import ConfigError, RunFailedError
from splitwave.testbed.compose.command import Compose
from splitwave.testbed.compose.container_failures import unless_one_is_lost
from splitwave.testbed.compose.containers import PROJECT_LABEL, find_parts
from splitwave.testbed.compose.state_volume import put_checkpoint
from splitwave.testbed.compose.watching import until_it_answers

CONFIG_TARGET = "/etc/splitwave/run.yaml"
SERVICES = ("basestation", "channel", "device")

# Above the containers' own grace period, so that theirs is the one that counts.
_STOP_LIMIT_S = 20


@dataclass(frozen=True, slots=True)
class Deployment:
    """What a project is started with.

    Attributes:
        config_file: the resolved settings, readable by everybody.
        links: how many devices there are.
        data_dir: absolute folder with the data sets, or None for a volume that downloads go to.
        restore: a checkpoint folder to answer from instead of training.
        any_port: publish at free ports, not at those that the compose file names.
    """

    config_file: Path
    links: int
    data_dir: Path | None
    restore: Path | None = None
    any_port: bool = False

    def variables(self) -> Mapping[str, str]:
        """The compose file's variables; an empty one counts as unset."""
        ports = {"BASESTATION_PORT": "0", "CHANNEL_PORT": "0"} if self.any_port else {}
        return {
            "CONFIG": str(self.config_file.resolve()),
            "DEVICES": str(self.links),
            "SPLITWAVE_DATA_DIR": str(self.data_dir or ""),
            "RESTORE": "--restore" if self.restore else "",
            **ports,
        }


def check_images(client: DockerClient, compose: Compose) -> None:
    """Make sure that nothing needs to be built or pulled.

    Raises:
        ConfigError: an image is missing, or a variable of the compose file makes no sense.
    """
    try:
        services = yaml.safe_load(compose.run("config"))["services"]
    except RunFailedError as error:
        raise ConfigError(f"the compose file's variables (from .env or the shell; see .env.example): {error}") from None
    for image in sorted({services[name]["image"] for name in SERVICES}):
        try:
            client.images.get(image)
        except ImageNotFound:
            raise ConfigError(f"image {image} is not on this machine: run `make images`") from None


async def bring_up(
    client: DockerClient, compose: Compose, restore: Path | None, logs: Path, *, build: bool = False
) -> str:
    """Start a project's containers; returns the base station's address, once it answers there.

    A checkpoint to restore is put into the project's volume first. The folder `logs` receives the containers' logs,
    should one of them end at once; `build` builds the images.

    Raises:
        SplitwaveError: a container ended, a port is taken, or Compose failed.
    """

    async def start() -> str:
        if restore is not None:
            await compose.start("up", "--no-start", "--no-build")
            put_checkpoint(client, compose.project, restore)
        await compose.start("up", "--detach", "--build" if build else "--no-build")
        return await until_it_answers(client, compose.project)

    return await unless_one_is_lost(client, compose.project, logs, start(), suspect_all=True)


def stop(compose: Compose) -> None:
    """Ask every container of a project to drain and leave, and wait until all have."""
    compose.run("stop", f"--timeout={_STOP_LIMIT_S}")


def take_down(compose: Compose, *, volumes: bool) -> None:
    """Stop and remove a project's containers and networks, and its volumes if asked to."""
    arguments = ["--remove-orphans", f"--timeout={_STOP_LIMIT_S}", *(["--volumes"] if volumes else [])]
    compose.run("down", *arguments)


def leavings(client: DockerClient, project: str) -> list[str]:
    """What there is of a project, for people to read: containers, networks and volumes."""
    label = {"label": f"{PROJECT_LABEL}={project}"}
    return [
        *(f"container {part.name}" for part in find_parts(client, project)),
        *(f"network {network.name}" for network in client.networks.list(filters=label)),
        *(f"volume {volume.name}" for volume in client.volumes.list(filters=label)),
    ]
