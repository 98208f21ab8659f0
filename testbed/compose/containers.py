"""Reads the state of a project's containers from the Docker engine."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from docker import DockerClient
from docker.models.containers import Container

PROJECT_LABEL = "com.docker.compose.project"
SERVICE_LABEL = "com.docker.compose.service"
NUMBER_LABEL = "com.docker.compose.container-number"
ONE_OFF_LABEL = "com.docker.compose.oneoff"

SERVICES = ("basestation", "channel", "device")
"""The services of the compose file, in the order in which they start."""
CERTIFICATES_SERVICE = "certs"
"""The service that ends when it has made the certificates of the others."""


@dataclass(frozen=True, slots=True)
class Part:
    """A snapshot of a container of a testbed.

    Attributes:
        service, number: service name and replica number in Compose; replicas are numbered from 1.
        id: the container's id.
        status: created, running, paused, restarting, exited or dead.
        health: healthy, unhealthy or starting; empty if the container has no health check.
        exit_code: exit code of the last exit; 0 while the container runs.
        restarts: how often the restart policy has restarted the container.
        started_at: time of the last start, in the engine's format.
        networks: names of the connected networks.
        ports: published ports: container port → HOST:PORT.
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
        """Service and number, such as `device-1`."""
        return f"{self.service}-{self.number}"

    @property
    def is_done(self) -> bool:
        """Whether the part has made the certificates, and ended as it should."""
        return self.service == CERTIFICATES_SERVICE and self.status == "exited" and self.exit_code == 0

    @property
    def is_running(self) -> bool:
        """Whether the container's process exists, even if it is paused."""
        return self.status in ("running", "paused")


def part_from_attributes(attributes: Mapping[str, Any]) -> Part:
    """Convert the engine's answer to `inspect`."""
    labels, state, networks = (
        attributes["Config"]["Labels"],
        attributes["State"],
        attributes["NetworkSettings"],
    )
    ports = {
        port: _published_at(bindings[0]["HostIp"], bindings[0]["HostPort"])
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


def _published_at(host: str, port: str) -> str:
    """The address of a published port; an engine that publishes it on every address may leave out which."""
    return f"[{host}]:{port}" if ":" in host else f"{host or '127.0.0.1'}:{port}"


def find_containers(client: DockerClient, project: str, *, finished: bool = False) -> list[tuple[Part, Container]]:
    """Return a project's containers, including stopped ones, in the order in which they start.

    Each container is returned as a snapshot and a handle to act on it. The container that has made the certificates
    is among them if `finished`.
    """
    labels = [f"{PROJECT_LABEL}={project}", f"{ONE_OFF_LABEL}=False"]
    found = client.containers.list(all=True, filters={"label": labels}, ignore_removed=True)
    pairs = [(part_from_attributes(container.attrs), container) for container in found]
    return sorted((pair for pair in pairs if finished or not pair[0].is_done), key=lambda pair: _position(pair[0]))


def find_parts(client: DockerClient, project: str, *, finished: bool = False) -> list[Part]:
    """Return the snapshots of `find_containers` without the handles."""
    return [part for part, _ in find_containers(client, project, finished=finished)]


def _position(part: Part) -> tuple[int, str, int]:
    known = SERVICES.index(part.service) if part.service in SERVICES else len(SERVICES)
    return known, part.service, part.number
