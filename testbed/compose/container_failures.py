"""Detects containers that ended permanently while other work is running, and reports the root cause with its log."""

import asyncio
import time
from collections.abc import Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, TypeVar

from docker import DockerClient

from splitwave.common.errors import RunFailedError, SplitwaveError
from splitwave.common.exit_codes import ExitCode
from splitwave.testbed.compose.containers import (
    CERTIFICATES_SERVICE,
    NUMBER_LABEL,
    PROJECT_LABEL,
    SERVICE_LABEL,
    find_containers,
    find_parts,
)
from splitwave.testbed.processes.process_death import Death, root_cause

T = TypeVar("T")

POLL_S = 1.0
"""Interval between two checks of the containers; one that is down in two successive checks will not come back."""

# Failures that a restart cannot repair: a setting, a data set, an address, a checkpoint or a full disk.
_IRREPARABLE = frozenset({ExitCode.CONFIG, ExitCode.DATA, ExitCode.ADDRESS, ExitCode.CHECKPOINT, ExitCode.DISK_FULL})
_SIGNAL_OFFSET = 128


async def guard_containers(
    client: DockerClient,
    project: str,
    logs: Path,
    work: Coroutine[object, object, T],
    *,
    suspect_all: bool = False,
) -> T:
    """Return the result of `work`, but cancel it as soon as one of the project's containers has ended permanently.

    A container has ended permanently if its restart policy does not restart it, or if a restart cannot repair the
    failure. The containers' logs are then written to the folder `logs`.

    Args:
        client: connection to the Docker engine.
        project: name of the project.
        logs: existing folder for the containers' logs.
        work: the coroutine to run.
        suspect_all: if `work` fails, also consider containers that ended but were restarted since.

    Raises:
        SplitwaveError: a container ended; the class corresponds to its exit code, and the message names the container
            and quotes its log. Or `work` raised this error.
    """
    exits = _ContainerExits(client, project)
    task, permanent_exit = asyncio.create_task(work), asyncio.create_task(exits.wait_for_permanent())
    try:
        await asyncio.wait((task, permanent_exit), return_when=asyncio.FIRST_COMPLETED)
        return (task if task.done() else permanent_exit).result()
    except RunFailedError as error:
        # The failure is often the consequence of a container's exit; report that container instead.
        raise exits.root_error(logs, suspect_all=suspect_all) or error from None
    finally:
        task.cancel()
        permanent_exit.cancel()
        await asyncio.gather(task, permanent_exit, return_exceptions=True)


def write_logs(client: DockerClient, project: str, folder: Path) -> None:
    """Write the output of every container to `folder`/<service>-<n>.log."""
    for part, container in find_containers(client, project):
        with (folder / f"{part.name}.log").open("wb") as file:
            for chunk in container.logs(stream=True):
                file.write(chunk)


@dataclass(frozen=True, slots=True)
class _ContainerLog:
    role: str
    log: Path


@dataclass(frozen=True, slots=True)
class _ContainerExit:
    """One exit of a container, which may exit several times."""

    part: str
    exit_code: int


class _ContainerExits:
    """The exits of a project's containers from now on."""

    def __init__(self, client: DockerClient, project: str) -> None:
        self._client = client
        self._project = project
        self._begun_s = time.monotonic()

    async def wait_for_permanent(self) -> NoReturn:
        """Wait until a container has ended permanently, then raise a RunFailedError."""
        down: set[str] = set()
        while True:
            before, down = down, set(self._down())
            if before & down or any(each.exit_code in _IRREPARABLE for each in self._exits()):
                raise RunFailedError("a container ended before the run was over")
            await asyncio.sleep(POLL_S)

    def root_error(self, logs: Path, *, suspect_all: bool) -> SplitwaveError | None:
        """Return the error of the container whose exit caused the others; None if no container ended permanently."""
        down = self._down()
        deaths = [
            Death(_ContainerLog(each.part, logs / f"{each.part}.log"), _code(each.exit_code), down.get(each.part, 0))
            for each in self._exits()
            if suspect_all or each.part in down or each.exit_code in _IRREPARABLE
        ]
        if not deaths:
            return None
        write_logs(self._client, self._project, logs)
        return root_cause(deaths).error()

    def _down(self) -> dict[str, int]:
        """Return the containers that are down, with the number of times that Docker restarted them before."""
        parts = find_parts(self._client, self._project)
        return {part.name: part.restarts for part in parts if part.status in ("exited", "dead")}

    def _exits(self) -> list[_ContainerExit]:
        """Return the exits in chronological order, as far back as the engine remembers."""
        since, until = wall_times_since(self._begun_s)
        events = self._client.events(  # type: ignore[call-overload]  # the stubs do not know fractions of a second
            decode=True,
            since=f"{since:.6f}",
            until=f"{until:.6f}",
            filters={"event": "die", "label": f"{PROJECT_LABEL}={self._project}"},
        )
        attributes = [event["Actor"]["Attributes"] for event in events]
        return [
            _ContainerExit(f"{each[SERVICE_LABEL]}-{each[NUMBER_LABEL]}", int(each["exitCode"]))
            for each in attributes
            if each[SERVICE_LABEL] != CERTIFICATES_SERVICE or int(each["exitCode"])
        ]


def wall_times_since(begun_s: float) -> tuple[float, float]:
    """Return the times (seconds since the epoch) of a moment on the monotonic clock and of now.

    Docker knows events by the wall clock. Both times are on this clock as it is set now: a beginning that was read from
    it earlier would lie in the future after the clock was set back, and no event would be found.
    """
    now = time.time()
    return now - (time.monotonic() - begun_s), now


def _code(exit_code: int) -> int:
    # A shell's convention, which docker-init follows: 128 + the signal's number.
    return _SIGNAL_OFFSET - exit_code if exit_code > _SIGNAL_OFFSET else exit_code
