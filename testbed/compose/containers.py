"""What the Docker engine knows about a project's containers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from docker import DockerClient
from docker.models.containers import Container

PROJECT_LABEL = "com.docker.compose.project"
SERVICE_LABEL = "com.docker.compose.service"
NUMBER_LABEL = "com.docker.compose.container-number"
ONE_OFF_LABEL = "com.docker.compose.oneoff"

_ORDER = ("basestation", "channel", "device")


@dataclass(frozen=True, slots=True)
class Part:
    """A container of a testbed, as it was when the engine was asked.

    Attributes:
        service, number: what Compose calls it; replicas are numbered from 1.
        id: the container's.
        status: created, running, paused, restarting, exited or dead.
        health: healthy, unhealthy, starting, or empty where nothing checks it.
        exit_code: of its last end; 0 while it runs.
        restarts: how often its restart policy brought it back.
        started_at: when its present or last life began, as the engine writes it.
        networks: names of those it is connected to.
        ports: container port → HOST:PORT, of those that are published.
    """

    service: str
    number: int
    id: str
    status: str
    health: str
    exit_code: int
    restarts: int
    started_at: str
    networks: tuple[str, ...]
    ports: Mapping[str, str]

    @property
    def name(self) -> str:
        """`device-1`."""
        return f"{self.service}-{self.number}"

    @property
    def is_running(self) -> bool:
        """Whether its process exists, frozen or not."""
        return self.status in ("running", "paused")


def part_from_attributes(attributes: Mapping[str, Any]) -> Part:
    """Read the answer of the engine's `inspect`."""
    labels, state, networks = (
        attributes["Config"]["Labels"],
        attributes["State"],
        attributes["NetworkSettings"],
    )
    ports = {
        port: f"{bindings[0]['HostIp']}:{bindings[0]['HostPort']}"
        for port, bindings in (networks.get("Ports") or {}).items()
        if bindings
    }
    return Part(
        service=labels[SERVICE_LABEL],
        number=int(labels[NUMBER_LABEL]),
        id=attributes["Id"],
        status=state["Status"],
        health=state.get("Health", {}).get("Status", ""),
        exit_code=state["ExitCode"],
        restarts=attributes["RestartCount"],
        started_at=state["StartedAt"],
        networks=tuple(networks.get("Networks") or ()),
        ports=ports,
    )


def find_containers(client: DockerClient, project: str) -> list[tuple[Part, Container]]:
    """A project's containers, those that ended included, in the order in which they start.

    The second of each pair is the handle to act on it.
    """
    labels = [f"{PROJECT_LABEL}={project}", f"{ONE_OFF_LABEL}=False"]
    found = client.containers.list(all=True, filters={"label": labels}, ignore_removed=True)
    pairs = [(part_from_attributes(container.attrs), container) for container in found]
    return sorted(pairs, key=lambda pair: _position(pair[0]))


def find_parts(client: DockerClient, project: str) -> list[Part]:
    """The same, without the handles."""
    return [part for part, _ in find_containers(client, project)]


def _position(part: Part) -> tuple[int, str, int]:
    known = _ORDER.index(part.service) if part.service in _ORDER else len(_ORDER)
    return known, part.service, part.number
