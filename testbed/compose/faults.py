"""Faults on purpose, through the Docker API: what a testbed must survive, and how it is mended."""

from docker import DockerClient
from docker.models.containers import Container
from docker.models.networks import Network

from splitwave.common.errors import ConfigError, RunFailedError
from splitwave.testbed.compose.containers import PROJECT_LABEL, Part, find_containers
from splitwave.testbed.compose.target import Target

GRACE_S = 15
"""How long a container may take to drain before a restart kills it."""

# `docker kill` counts as a stop by hand, after which no restart policy applies; a crash comes from inside. The signal
# goes to everything but the sender and docker-init, which then ends with the exit code of a killed process.
_CRASH = ["python", "-c", "import os, signal; os.kill(-1, signal.SIGKILL)"]


class Faults:
    """Does harm to one project's containers, and mends it."""

    def __init__(self, client: DockerClient, project: str) -> None:
        """Args: a connection to the engine, and the project's name."""
        self._client = client
        self._project = project

    def kill(self, target: Target) -> str:
        """Crash a container: it ends at once, and its restart policy brings it back."""
        part, container = self._running(target)
        container.exec_run(_CRASH)
        return part.name

    def pause(self, target: Target) -> str:
        """Freeze a container: it neither answers nor ends."""
        part, container = self._running(target)
        container.pause()
        return part.name

    def partition(self, target: Target) -> str:
        """Cut a container off: it runs on, but reaches nobody, and nobody reaches it."""
        part, container = self._one(target)
        networks = [network for network in self._networks() if network.name in part.networks]
        if not networks:
            raise ConfigError(f"{target}: is cut off already")
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
        """Let a container drain and leave, and start it again."""
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
