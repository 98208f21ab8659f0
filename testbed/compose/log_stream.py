"""Merges the output of several containers into one stream of lines that continues across restarts."""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from queue import SimpleQueue
from typing import Literal

from docker.errors import NotFound
from docker.models.containers import Container

from splitwave.common.errors import SplitwaveError
from splitwave.testbed.compose.containers import Part
from splitwave.testbed.compose.docker_api import docker_engine

RETURN_LIMIT_S = 5.0
"""Time limit for the restart of a container that ended, after which its stream ends, too."""
_POLL_S = 0.5

Line = tuple[str, str]


@dataclass(frozen=True, slots=True)
class LogStream:
    """Options for reading containers' output.

    Attributes:
        follow: continue with new lines until the containers have ended.
        tail: number of existing lines to begin with; None for all.
    """

    follow: bool
    tail: int | None

    def lines(self, parts: list[Part]) -> Iterator[Line]:
        """Yield pairs of a part's name and a line of its output; the lines of each part are in order.

        Raises:
            SplitwaveError: the connection to the engine was lost.
        """
        queue: SimpleQueue[Line | SplitwaveError | None] = SimpleQueue()
        for part in parts:
            threading.Thread(target=self._read_into, args=(queue, part), daemon=True).start()
        reading = len(parts)
        while reading:
            entry = queue.get()
            if isinstance(entry, SplitwaveError):
                raise entry
            if entry is None:
                reading -= 1
            else:
                yield entry

    def _read_into(self, queue: "SimpleQueue[Line | SplitwaveError | None]", part: Part) -> None:
        try:
            with docker_engine(answer_limit_s=None) as client:
                for line in self._lines(client.containers.get(part.id)):
                    queue.put((part.name, line))
        except SplitwaveError as error:
            queue.put(error)
        else:
            queue.put(None)

    def _lines(self, container: Container) -> Iterator[str]:
        tail: int | Literal["all"] = "all" if self.tail is None else self.tail
        started_at = container.attrs["State"]["StartedAt"]
        yield from _decoded(container.logs(stream=True, follow=self.follow, tail=tail))
        # The engine ends a stream when the container exits; a restart needs a new stream.
        while self.follow and (started_at := _next_start(container, started_at)):
            since = datetime.fromisoformat(started_at).timestamp()
            yield from _decoded(container.logs(stream=True, follow=True, since=since))


def _next_start(container: Container, last: str) -> str | None:
    """Wait for a restart and return its time in the engine's format; None if the container does not restart."""
    deadline = time.monotonic() + RETURN_LIMIT_S
    while True:
        try:
            container.reload()
        except NotFound:
            return None
        state = container.attrs["State"]
        if state["StartedAt"] != last:
            return str(state["StartedAt"])
        if state["Status"] != "restarting" and time.monotonic() > deadline:
            return None
        time.sleep(_POLL_S)


def _decoded(chunks: Iterator[bytes]) -> Iterator[str]:
    for chunk in chunks:
        yield chunk.decode(errors="replace").rstrip("\n")
