"""Follows a run whose base station may be restarted, and then serves at another published port."""

import asyncio
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from docker import DockerClient

from splitwave.common.errors import UnreachableError
from splitwave.common.records.results import RunResult
from splitwave.testbed.compose.container_failures import POLL_S
from splitwave.testbed.compose.containers import Part, find_parts
from splitwave.testbed.control_client import BaseStationLostError, ask_status, watch_run
from splitwave.testbed.engine import Observer, StartedOver
from splitwave.testbed.processes.announcement import Announcement

ANSWER_LIMIT_S = 120.0
"""How long a base station may take to answer: its restart policy waits up to 51 s before it brings it back."""

_PORTS = {"basestation": "50051/tcp", "channel": "50052/tcp"}


def address_of(parts: Iterable[Part], service: str) -> str | None:
    """HOST:PORT at which the base station or the channel emulator can be reached from here; None while it cannot."""
    port = _PORTS[service]
    return next((part.ports[port] for part in parts if part.service == service and port in part.ports), None)


async def until_it_answers(client: DockerClient, project: str) -> str:
    """The base station's address, once it answers there.

    Raises:
        UnreachableError: it does not in time.
    """
    unanswered = f"the base station of project {project} publishes no port"
    try:
        async with asyncio.timeout(ANSWER_LIMIT_S):
            while True:
                address = address_of(find_parts(client, project), "basestation")
                if address is not None:
                    try:
                        await ask_status(address)
                    except UnreachableError as error:
                        unanswered = str(error)
                    else:
                        return address
                await asyncio.sleep(POLL_S)
    except TimeoutError:
        raise UnreachableError(f"{unanswered} (tried for {ANSWER_LIMIT_S:g} s)") from None


@dataclass(frozen=True, slots=True)
class Watcher:
    """Watches one project's run.

    Attributes:
        config_hash: of its settings.
        log_dir: where `splitwave status` finds it.
    """

    client: DockerClient
    project: str
    config_hash: str
    log_dir: Path

    async def follow(self, observe: Observer) -> RunResult:
        """The run's result; `observe` sees every epoch and the progress in between.

        A base station that is restarted starts its run over, and so does what `observe` sees.

        Raises:
            RunFailedError: the run failed.
            UnreachableError: the base station does not answer.
        """
        while True:
            address = await until_it_answers(self.client, self.project)
            try:
                return await self._follow_one_life(address, observe)
            except BaseStationLostError:
                observe(StartedOver("the base station was lost"))
                await asyncio.sleep(POLL_S)

    async def _follow_one_life(self, address: str, observe: Observer) -> RunResult:
        channel = address_of(find_parts(self.client, self.project), "channel") or ""
        announcement = Announcement(self.config_hash, address, channel, {"splitwave": os.getpid()})
        with announcement.published(self.log_dir):
            watching = asyncio.create_task(watch_run(address, observe))
            gone = asyncio.create_task(self._until_gone(address))
            try:
                await asyncio.wait((watching, gone), return_when=asyncio.FIRST_COMPLETED)
                if watching.done():
                    return watching.result()
                gone.result()
                raise BaseStationLostError(f"the base station left {address}")
            finally:
                watching.cancel()
                gone.cancel()
                await asyncio.gather(watching, gone, return_exceptions=True)

    async def _until_gone(self, address: str) -> None:
        # A connection to a container that was replaced would wait for it for ever.
        first = self._life(address)
        while first is not None and self._life(address) == first:
            await asyncio.sleep(POLL_S)

    def _life(self, address: str) -> str | None:
        parts = find_parts(self.client, self.project)
        if address_of(parts, "basestation") != address:
            return None
        return next(part.started_at for part in parts if part.service == "basestation")
