"""Reads every container's counters once a second while a run goes on."""

import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

from docker import DockerClient
from docker.errors import APIError
from docker.models.containers import Container

from splitwave.common.errors import SplitwaveError
from splitwave.testbed.compose.containers import find_containers
from splitwave.testbed.compose.docker_api import docker_engine
from splitwave.testbed.compose.usage import Meter, Reading, reading_from_statistics
from splitwave.testbed.engine import Usage

PERIOD_S = 1.0


class Sampler:
    """The usage of a project's containers so far, by the names of its parts.

    What a container uses after its last sample (at most a second, before it ended or was looked at last) is missing.
    """

    def __init__(self, project: str) -> None:
        self._project = project
        self._meters: defaultdict[str, Meter] = defaultdict(Meter)

    def usage(self) -> list[Usage]:
        """One entry for each container that was seen running."""
        return [meter.usage(part) for part, meter in self._meters.items()]

    def sample(self, client: DockerClient) -> None:
        """Take one sample of each container that runs."""
        for part, container in find_containers(client, self._project):
            reading = _read(container) if part.is_running else None
            if reading is not None:
                self._meters[part.name].add(reading)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Sample during the body of the `with`, the last time at its end."""
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
            return  # an engine that is lost fails the run, where there is somebody to tell


def _read(container: Container) -> Reading | None:
    try:
        statistics = container.stats(stream=False, one_shot=True)
    except APIError:  # it ended, or was removed, this very moment
        return None
    assert isinstance(statistics, dict)
    return reading_from_statistics(statistics)
