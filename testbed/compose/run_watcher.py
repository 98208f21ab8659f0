"""Follows a run whose base station may be restarted and then have another published port."""

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path

from docker import DockerClient

from splitwave.common.records.results import EpochRecord, RunResult
from splitwave.testbed.compose.container_failures import POLL_S
from splitwave.testbed.compose.containers import find_parts
from splitwave.testbed.compose.operator_certificate import operator_of
from splitwave.testbed.compose.reachability import address_of, wait_until_reachable
from splitwave.testbed.control_client import BaseStationLostError, watch_run
from splitwave.testbed.engine import Event, Observer, StartedOver
from splitwave.testbed.processes.announcement import Announcement


@dataclass(frozen=True, slots=True)
class RunWatcher:
    """Follows the run of one project.

    Attributes:
        config_hash: hash of the run's settings.
        log_dir: folder of the announcement, by which `splitwave status` finds the testbed.
    """

    client: DockerClient
    project: str
    config_hash: str
    log_dir: Path

    async def follow(self, observe: Observer) -> RunResult:
        """Return the run's result; `observe` receives every epoch once, and the progress in between.

        If the base station is restarted, its run goes on from its last checkpoint, or begins again. Either way it
        reports all epochs from the first one on; `observe` receives those that are new.

        Raises:
            RunFailedError: the run failed.
            UnreachableError: the base station does not answer.
        """
        observe = each_epoch_once(observe)
        while True:
            address = await wait_until_reachable(self.client, self.project)
            try:
                return await self._follow_until_restart(address, observe)
            except BaseStationLostError:
                observe(StartedOver("the base station was lost"))
                await asyncio.sleep(POLL_S)

    async def _follow_until_restart(self, address: str, observe: Observer) -> RunResult:
        channel = address_of(find_parts(self.client, self.project), "channel") or ""
        announcement = Announcement(self.config_hash, address, channel, {"splitwave": os.getpid()})
        with announcement.published(self.log_dir):
            operator = operator_of(self.client, self.project)
            watching = asyncio.create_task(watch_run(address, observe, operator))
            gone = asyncio.create_task(self._wait_for_restart(address))
            try:
                await asyncio.wait((watching, gone), return_when=asyncio.FIRST_COMPLETED)
                if watching.done():
                    return watching.result()
                gone.result()
                raise BaseStationLostError(f"the base station is no longer at {address}")
            finally:
                watching.cancel()
                gone.cancel()
                await asyncio.gather(watching, gone, return_exceptions=True)

    async def _wait_for_restart(self, address: str) -> None:
        # A connection to a container that was replaced would stay silent forever.
        first = self._start_time(address)
        while first is not None and self._start_time(address) == first:
            await asyncio.sleep(POLL_S)

    def _start_time(self, address: str) -> str | None:
        parts = find_parts(self.client, self.project)
        if address_of(parts, "basestation") != address:
            return None
        return next(part.started_at for part in parts if part.service == "basestation")


def each_epoch_once(observe: Observer) -> Observer:
    """Return an observer that passes each epoch on once: repeated ones have the same numbers, except for times."""
    epochs = 0

    def observe_new(event: Event) -> None:
        nonlocal epochs
        if isinstance(event, EpochRecord):
            if event.epoch < epochs:
                return
            epochs = event.epoch + 1
        observe(event)

    return observe_new
