"""Containers that ended for good: noticed while something else goes on, and blamed with their last words."""

import asyncio
import time
from collections.abc import Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, TypeVar

from docker import DockerClient

from splitwave.common.errors import RunFailedError, SplitwaveError
from splitwave.common.exit_codes import ExitCode
from splitwave.testbed.compose.containers import NUMBER_LABEL, PROJECT_LABEL, SERVICE_LABEL, find_containers, find_parts
from splitwave.testbed.processes.process_death import Death, to_blame

T = TypeVar("T")

POLL_S = 1.0
"""How often the containers are looked at; one that is down twice in a row will not come back by itself."""

# What a restart does not mend: a setting, a data set, an address, a checkpoint or a full disk.
_FUTILE = frozenset({ExitCode.CONFIG, ExitCode.DATA, ExitCode.ADDRESS, ExitCode.CHECKPOINT, ExitCode.DISK_FULL})
_SIGNAL_OFFSET = 128


async def unless_one_is_lost(
    client: DockerClient,
    project: str,
    logs: Path,
    work: Coroutine[object, object, T],
    *,
    suspect_all: bool = False,
) -> T:
    """The outcome of `work`, given up as soon as one of the project's containers has ended for good.

    That is: nothing will bring it back, or nothing to better effect. The containers' logs are then written into the
    folder `logs`, to quote from. If `work` fails, `suspect_all` blames even a container that was restarted meanwhile.

    Raises:
        SplitwaveError: of the class that fits the lost container's exit code, naming it and its last words; or what
            `work` raises.
    """
    losses = _Losses(client, project, time.time())
    task, loss = asyncio.create_task(work), asyncio.create_task(losses.wait())
    try:
        await asyncio.wait((task, loss), return_when=asyncio.FIRST_COMPLETED)
        return (task if task.done() else loss).result()
    except RunFailedError as error:
        # That something failed is often a consequence of a container's end, which is the better story.
        raise losses.blame(logs, suspect_all=suspect_all) or error from None
    finally:
        task.cancel()
        loss.cancel()
        await asyncio.gather(task, loss, return_exceptions=True)


def write_logs(client: DockerClient, project: str, folder: Path) -> None:
    """Write every container's output to `<service>-<n>.log`."""
    for part, container in find_containers(client, project):
        with (folder / f"{part.name}.log").open("wb") as file:
            for chunk in container.logs(stream=True):
                file.write(chunk)


@dataclass(frozen=True, slots=True)
class _Remains:
    role: str
    log: Path


@dataclass(frozen=True, slots=True)
class _End:
    """One end of a container, of which it may have had several."""

    part: str
    exit_code: int


class _Losses:
    """The ends of a project's containers since a moment."""

    def __init__(self, client: DockerClient, project: str, since: float) -> None:
        self._client = client
        self._project = project
        self._since = since

    async def wait(self) -> NoReturn:
        """Return only by raising, when a container has ended for good."""
        down: set[str] = set()
        while True:
            before, down = down, self._down()
            if before & down or any(end.exit_code in _FUTILE for end in self._ends()):
                raise RunFailedError("a container ended before the run was over")
            await asyncio.sleep(POLL_S)

    def blame(self, logs: Path, *, suspect_all: bool) -> SplitwaveError | None:
        """The error that tells which container's end explains the others; None if none has ended (for good)."""
        down = self._down()
        deaths = [
            Death(_Remains(end.part, logs / f"{end.part}.log"), _code(end.exit_code))
            for end in self._ends()
            if suspect_all or end.part in down or end.exit_code in _FUTILE
        ]
        if not deaths:
            return None
        write_logs(self._client, self._project, logs)
        return to_blame(deaths).error()

    def _down(self) -> set[str]:
        return {part.name for part in find_parts(self._client, self._project) if part.status in ("exited", "dead")}

    def _ends(self) -> list[_End]:
        """In the order they happened, as far back as the engine remembers."""
        events = self._client.events(  # type: ignore[call-overload]  # the stubs do not know fractions of a second
            decode=True,
            since=f"{self._since:.6f}",
            until=f"{time.time():.6f}",
            filters={"event": "die", "label": f"{PROJECT_LABEL}={self._project}"},
        )
        attributes = [event["Actor"]["Attributes"] for event in events]
        return [_End(f"{each[SERVICE_LABEL]}-{each[NUMBER_LABEL]}", int(each["exitCode"])) for each in attributes]


def _code(exit_code: int) -> int:
    # A shell's convention, which docker-init follows: 128 + the signal's number.
    return _SIGNAL_OFFSET - exit_code if exit_code > _SIGNAL_OFFSET else exit_code
