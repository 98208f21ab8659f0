"""Reads the counters of every container once a second during a run."""

import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

from docker import DockerClient
from docker.errors import APIError
from docker.models.containers import Container

from splitwave.common.errors import SplitwaveError
from splitwave.testbed.compose.containers import CERTIFICATES_SERVICE, find_containers
from splitwave.testbed.compose.docker_api import docker_engine
from splitwave.testbed.compose.usage import Meter, Reading, reading_from_statistics
from splitwave.testbed.engine import Usage

PERIOD_S = 1.0


class UsageSampler:
    """Samples the resource usage of a project's containers.

    Usage between a container's last sample and its end, at most a second, is not included.
    """

    def __init__(self, project: str) -> None:
        self._project = project
        self._meters: defaultdict[str, Meter] = defaultdict(Meter)

    def usage(self) -> list[Usage]:
        """Return the totals of each container that was seen running."""
        return [meter.usage(part) for part, meter in self._meters.items()]

    def sample(self, client: DockerClient) -> None:
        """Take one sample of each running container."""
        for part, container in find_containers(client, self._project):
            measured = part.is_running and part.service != CERTIFICATES_SERVICE
            reading = _read(container) if measured else None
            if reading is not None:
                self._meters[part.name].add(reading)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Sample in a thread during the context, with a last sample at its end."""
        over = threading.Event()
        thread = threading.Thread(target=self._sample_until, args=(over,), name="sampler", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _sample_until(self, over: threading.Event) -> None:
        try:
            with docker_engine() as client:
                while not over.wait(PERIOD_S):
                    self.sample(client)
                self.sample(client)
        except SplitwaveError:
            return  # a lost engine also fails the run itself, which reports the error


def _read(container: Container) -> Reading | None:
    try:
        statistics = container.stats(stream=False, one_shot=True)
    except APIError:  # it has just ended or been removed
        return None
    assert isinstance(statistics, dict)
    return reading_from_statistics(statistics)
