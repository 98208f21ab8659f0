"""A training by `splitwave train --engine compose`, whose containers crash and are restarted by their policy."""

import asyncio
import re
from collections.abc import Sequence

from splitwave.common.errors import ConfigError, RunFailedError, SplitwaveError
from splitwave.common.runtime.tls_folder import TlsFolder
from splitwave.common.wire.pb import control_pb2 as pb
from splitwave.testbed.compose.containers import find_parts
from splitwave.testbed.compose.docker_api import docker_engine
from splitwave.testbed.compose.faults import Faults
from splitwave.testbed.compose.operator_certificate import operator_of
from splitwave.testbed.compose.reachability import address_of
from splitwave.testbed.compose.target import Target
from splitwave.testbed.control_client import ask_status
from tests.e2e.chaos.training_by_command import Command

_ASK_EVERY_S, _FIND_EVERY_S = 0.1, 0.5
"""Pauses: TLS, and a look at all containers, take processor time from the parties that start on the same machine."""


class TrainingInContainers:
    """See `Training`; the project's name is in the command's output."""

    def __init__(self, command: Command, links: int) -> None:
        self._command = command
        self._links = links
        self._operator: TlsFolder | None = None
        self._address: str | None = None

    @property
    def parties(self) -> Sequence[str]:
        return ("basestation", "channel", *(f"device-{link}" for link in range(self._links)))

    @property
    def ended(self) -> bool:
        return self._command.ended

    async def status(self) -> pb.RunStatus | None:
        await asyncio.sleep(_ASK_EVERY_S if self._address else _FIND_EVERY_S)
        try:
            if self._address is None:
                await asyncio.to_thread(self._find)
            return None if self._address is None else await ask_status(self._address, self._operator)
        except SplitwaveError:
            self._address = None  # a restarted container may publish another port
            return None

    async def kill(self, party: str) -> bool:
        return await asyncio.to_thread(self._crash, party)

    async def weights_sha256(self) -> str:
        return await self._command.weights_sha256()

    def _find(self) -> None:
        project = self._project()
        if project is None:
            return
        with docker_engine() as client:
            self._operator = self._operator or operator_of(client, project)
            self._address = address_of(find_parts(client, project), "basestation")

    def _crash(self, party: str) -> bool:
        project, (service, _, number) = self._project(), party.partition("-")
        if project is None:
            return False
        target = Target(service, int(number) + 1 if number else None)
        try:
            with docker_engine() as client:
                Faults(client, project).kill(target)
        except (ConfigError, RunFailedError):  # it is being restarted, or ended in this moment
            return False
        return True

    def _project(self) -> str | None:
        found = re.search(r"project (splitwave-[0-9a-f]+)", self._command.log.read_text(encoding="utf-8"))
        return None if found is None else found[1]
