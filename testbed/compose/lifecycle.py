"""The life cycle of a project: checks its images, starts its containers and waits for them, takes everything down."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from docker import DockerClient
from docker.errors import ImageNotFound

from splitwave.common.errors import ConfigError, RunFailedError
from splitwave.testbed.compose.compose_command import Compose
from splitwave.testbed.compose.container_failures import guard_containers
from splitwave.testbed.compose.containers import CERTIFICATES_SERVICE, PROJECT_LABEL, SERVICES, find_parts
from splitwave.testbed.compose.reachability import wait_until_reachable
from splitwave.testbed.compose.state_volume import put_checkpoints

CONFIG_TARGET = "/etc/splitwave/run.yaml"

# Longer than the containers' own grace period, so that the latter takes effect.
_STOP_LIMIT_S = 20


@dataclass(frozen=True, slots=True)
class Deployment:
    """The options with which a project is started.

    Attributes:
        config_file: the resolved settings, readable by all users.
        links: number of devices.
        data_dir: absolute folder with the data sets, or None to download them to a volume.
        begin: a folder of checkpoints to copy into the project's volume before it starts, or None.
        options: more variables of the compose file; the others have the values of `.env` or their defaults.
        any_port: publish services at free ports instead of those named in the compose file.
    """

    config_file: Path
    links: int
    data_dir: Path | None
    begin: Path | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    any_port: bool = False

    def variables(self) -> Mapping[str, str]:
        """Return the variables of the compose file; an empty one counts as unset."""
        ports = {"BASESTATION_PORT": "0", "CHANNEL_PORT": "0"} if self.any_port else {}
        return {
            "CONFIG": str(self.config_file.resolve()),
            "DEVICES": str(self.links),
            "SPLITWAVE_DATA_DIR": str(self.data_dir or ""),
            "RESTORE": "",
            **self.options,
            **ports,
        }


def check_images(client: DockerClient, compose: Compose) -> None:
    """Check that all images are present, so that none is built or pulled implicitly.

    Raises:
        ConfigError: an image is missing, or a variable of the compose file is invalid.
    """
    try:
        services = yaml.safe_load(compose.run("config"))["services"]
    except RunFailedError as error:
        raise ConfigError(
            f"a variable of the compose file is invalid (from .env or the shell; see .env.example): {error}"
        ) from None
    for image in sorted({services[name]["image"] for name in (CERTIFICATES_SERVICE, *SERVICES)}):
        try:
            client.images.get(image)
        except ImageNotFound:
            raise ConfigError(f"image {image} is not on this machine: run `make images`") from None


async def bring_up(
    client: DockerClient, compose: Compose, begin: Path | None, logs: Path, *, build: bool = False
) -> str:
    """Start a project's containers, wait until the base station answers, and return its address.

    Args:
        client: connection to the Docker engine.
        compose: the compose command for the project.
        begin: a folder of checkpoints to copy into the project's volume first, or None.
        logs: existing folder for the containers' logs, written if a container ends during the start.
        build: build the images first.

    Raises:
        SplitwaveError: a container ended, a port is taken, or Compose failed.
    """

    async def start() -> str:
        if begin is not None:
            # Not `up --no-start`: docker-compose 1.29 would wait for the end of the certificates' container.
            await compose.start("create", "--no-build")
            put_checkpoints(client, compose.project, begin)
        await compose.start("up", "--detach", "--build" if build else "--no-build")
        return await wait_until_reachable(client, compose.project)

    return await guard_containers(client, compose.project, logs, start(), suspect_all=True)


def stop(compose: Compose) -> None:
    """Stop every container of a project after it has drained."""
    compose.run("stop", f"--timeout={_STOP_LIMIT_S}")


def take_down(compose: Compose, *, volumes: bool) -> None:
    """Stop and remove a project's containers and networks, and its volumes if `volumes`."""
    arguments = ["--remove-orphans", f"--timeout={_STOP_LIMIT_S}", *(["--volumes"] if volumes else [])]
    compose.run("down", *arguments)


def remaining_resources(client: DockerClient, project: str) -> list[str]:
    """List the existing containers, networks and volumes of a project as readable names."""
    label = {"label": f"{PROJECT_LABEL}={project}"}
    return [
        *(f"container {part.name}" for part in find_parts(client, project, finished=True)),
        *(f"network {network.name}" for network in client.networks.list(filters=label)),
        *(f"volume {volume.name}" for volume in client.volumes.list(filters=label)),
    ]
