"""Injects faults into containers through the Docker API, and undoes them."""

from docker import DockerClient
from docker.models.containers import Container
from docker.models.networks import Network

from splitwave.common.errors import ConfigError, RunFailedError
from splitwave.testbed.compose.containers import PROJECT_LABEL, Part, find_containers
from splitwave.testbed.compose.target import Target

GRACE_S = 15
"""Time limit for a container to drain before a restart kills it."""

# The restart policy does not apply after `docker kill`, which counts as a manual stop, so the crash is caused from
# inside: the signal reaches all processes except its sender and docker-init, which then exits like a killed process.
_CRASH = ["python", "-c", "import os, signal; os.kill(-1, signal.SIGKILL)"]


class Faults:
    """Injects faults into one project's containers; each method returns the name of the container."""

    def __init__(self, client: DockerClient, project: str) -> None:
        """Use a connection to the engine for the containers of a project."""
        self._client = client
        self._project = project

    def kill(self, target: Target) -> str:
        """Crash a container: it ends at once, and its restart policy restarts it."""
        part, container = self._running(target)
        container.exec_run(_CRASH)
        return part.name

    def pause(self, target: Target) -> str:
        """Freeze a container: it neither answers nor exits."""
        part, container = self._running(target)
        container.pause()
        return part.name

    def partition(self, target: Target) -> str:
        """Disconnect a container from all networks; it keeps running."""
        part, container = self._one(target)
        networks = [network for network in self._networks() if network.name in part.networks]
        if not networks:
            raise ConfigError(f"{target}: is already cut off")
        for network in networks:
            network.disconnect(container)
        return part.name

    def resume(self, target: Target) -> str:
        """Undo a pause and a partition."""
        part, container = self._one(target)
        missing = [network for network in self._networks() if network.name not in part.networks]
        if part.status != "paused" and not missing:
            raise ConfigError(f"{target}: is neither paused nor cut off ({part.status})")
        for network in missing:
            network.connect(container, aliases=[part.service])
        if part.status == "paused":
            container.unpause()
        return part.name

    def restart(self, target: Target) -> str:
        """Stop a container after it has drained, and start it again."""
        part, container = self._one(target)
        container.restart(timeout=GRACE_S)
        return part.name

    def _one(self, target: Target) -> tuple[Part, Container]:
        pairs = find_containers(self._client, self._project)
        chosen = target.choose_one([part for part, _ in pairs])
        return next(pair for pair in pairs if pair[0] == chosen)

    def _running(self, target: Target) -> tuple[Part, Container]:
        part, container = self._one(target)
        if part.status != "running":
            remedy = "; resume it first" if part.status == "paused" else ""
            raise ConfigError(f"{target}: is not running ({part.status}){remedy}")
        return part, container

    def _networks(self) -> list[Network]:
        networks: list[Network] = self._client.networks.list(filters={"label": f"{PROJECT_LABEL}={self._project}"})
        if not networks:
            raise RunFailedError(f"project {self._project} has no network")
        return networks
