"""The services of docker-compose.serving.yml: programs of this machine submit samples, and their usage is measured."""

import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import grpc
from docker.models.containers import Container

from splitwave.common.config.shipped import SERVING_COMPOSE_FILE
from splitwave.common.protocol.arrays import Float32
from splitwave.common.wire.pb import device_app_pb2 as pb
from splitwave.common.wire.pb import device_app_pb2_grpc
from splitwave.testbed.compose.compose_command import find_compose
from splitwave.testbed.compose.containers import find_containers, find_parts
from splitwave.testbed.compose.docker_api import docker_engine
from splitwave.testbed.compose.usage import Reading, reading_from_statistics
from tests.e2e.compose_testbed import ENVIRONMENT, new_project
from tests.e2e.live.device_kinds import Replies, Reply
from tests.limits import LIMIT_S

_MEBIBYTE = 2**20
_POLL_S = 0.02


@dataclass(frozen=True, slots=True)
class DeviceUsage:
    """The resources of a container with one device.

    Attributes:
        image: its name.
        image_bytes: size of the image.
        memory_bytes: of the container after it has answered, without the page cache, as `splitwave status` counts it.
        resident_bytes: of its largest process then, mapped files included.
        start_s: from the start of the container until programs can connect to the device.
        start_cpu_s: processor time of that.
    """

    image: str
    image_bytes: int
    memory_bytes: int
    resident_bytes: int
    start_s: float
    start_cpu_s: float

    def __str__(self) -> str:
        """A line for people."""
        return (
            f"{self.image}: image {self.image_bytes // 10**6} MB, memory {self.memory_bytes / _MEBIBYTE:.0f} MiB "
            f"(resident {self.resident_bytes / _MEBIBYTE:.0f} MiB), start {self.start_s:.2f} s, "
            f"processor {self.start_cpu_s:.2f} s"
        )


class ServingContainers:
    """A running project.

    Attributes:
        project: its name.
    """

    def __init__(self, project: str, sockets: Path) -> None:
        """Args: the project's name, and the folder of the devices' sockets."""
        self.project = project
        self._sockets = sockets

    def submit(self, views: Sequence[Float32], stream: int = 0) -> Replies:
        """Submit sample n of each device's view as query n of the stream, through the devices' sockets.

        The first call waits until the devices listen.
        """
        links = range(len(views))
        with ThreadPoolExecutor(len(views)) as threads:
            answered = threads.map(lambda link: self._submit(link, views[link], stream), links)
            of_links = dict(zip(links, answered, strict=True))
        return {(link, each.sequence): _reply(each) for link, replies in of_links.items() for each in replies}

    def wait_until_healthy(self) -> None:
        """Wait until the health check of every service has succeeded; one that fails ends in `unhealthy`."""
        with docker_engine() as client:
            _wait_until(lambda: all(part.health == "healthy" for part in find_parts(client, self.project)))

    def device_usage(self, link: int) -> DeviceUsage:
        """Measure a device: first as it is, then a start after it was killed."""
        with docker_engine() as client:
            found = find_containers(client, self.project)
            (container,) = (each for part, each in found if part.service == f"device-{link}")
            image = container.image
            assert image is not None
            memory_bytes, resident_bytes = _reading(container).memory_bytes, _resident_bytes(container)
            container.kill()
            container.wait()
            container.start()
            _wait_until(lambda: self._listens(link))
            listens_s, cpu_ns = time.time(), _reading(container).cpu_ns
            container.reload()
            started_s = datetime.fromisoformat(container.attrs["State"]["StartedAt"]).timestamp()
            name, image_bytes = container.attrs["Config"]["Image"], image.attrs["Size"]
            start_s = listens_s - started_s
            return DeviceUsage(name, image_bytes, memory_bytes, resident_bytes, start_s, cpu_ns / 1e9)

    def _submit(self, link: int, view: Float32, stream: int) -> list[pb.InferReply]:
        requests = (
            pb.InferRequest(float32=sample.tobytes(), stream=stream, sequence=number)
            for number, sample in enumerate(view)
        )
        with grpc.insecure_channel(f"unix:{self._socket(link)}") as channel:
            device = device_app_pb2_grpc.DeviceAppStub(channel)
            return list(device.InferStream(requests, wait_for_ready=True, timeout=LIMIT_S))

    def _listens(self, link: int) -> bool:
        with socket.socket(socket.AF_UNIX) as client:
            return client.connect_ex(str(self._socket(link))) == 0

    def _socket(self, link: int) -> Path:
        return self._sockets / f"device-{link}.sock"


@contextmanager
def serving_containers(model: Path, sockets: Path, device_image: str = "device-light") -> Iterator[ServingContainers]:
    """Serve a model in containers, and take everything down when the context ends.

    Args:
        model: its folder.
        sockets: an empty folder, for the devices' sockets.
        device_image: `device-light` or `device`.
    """
    sockets.chmod(0o777)  # the devices run as a user of their own
    project = new_project()
    environment = {**ENVIRONMENT, "MODEL": str(model), "SOCKETS": str(sockets), "DEVICE_IMAGE": device_image}
    environment["QUERY_TIMEOUT"] = "60"  # the machine may be busy

    def compose(*arguments: str) -> "subprocess.CompletedProcess[str]":
        command = [*find_compose(), f"--file={SERVING_COMPOSE_FILE}", f"--project-name={project}", *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    try:
        started = compose("up", "--detach", "--no-build")
        assert started.returncode == 0, started.stdout + started.stderr + compose("logs").stdout
        yield ServingContainers(project, sockets)
    finally:
        ended = compose("down", "--volumes", "--timeout", "20")
    assert ended.returncode == 0, ended.stderr


def _wait_until(reached: Callable[[], bool]) -> None:
    deadline, nothing = time.monotonic() + LIMIT_S, threading.Event()
    while not reached():
        assert time.monotonic() < deadline
        nothing.wait(_POLL_S)


def _reading(container: Container) -> Reading:
    statistics = container.stats(stream=False, one_shot=True)
    assert isinstance(statistics, dict)
    reading = reading_from_statistics(statistics)
    assert reading is not None, f"{container.name} does not run"
    return reading


def _resident_bytes(container: Container) -> int:
    processes = container.top(ps_args="-o pid,rss")
    rss = processes["Titles"].index("RSS")
    return 1024 * max(int(process[rss]) for process in processes["Processes"])


def _reply(reply: pb.InferReply) -> Reply:
    outcome = pb.Outcome.Name(reply.outcome).removeprefix("OUTCOME_").lower()
    value = reply.class_index if reply.HasField("class_index") else None
    return Reply.of(outcome, value, reply.probabilities, reply.links_used)
