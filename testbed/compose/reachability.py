"""Finds the addresses of containers' services, and waits until the base station answers."""

import asyncio
import time
from collections.abc import Iterable

from docker import DockerClient

from splitwave.common.errors import RunFailedError, UnreachableError
from splitwave.testbed.compose.container_failures import POLL_S
from splitwave.testbed.compose.containers import Part, find_parts
from splitwave.testbed.compose.operator_certificate import operator_of
from splitwave.testbed.control_client import ask_status

START_LIMIT_S = 300.0
"""Time limit for a base station to answer, from the start of its container, generous for busy machines."""
MOST_RESTARTS = 10
"""Restarts without an answer in between, after which a base station counts as one that crashes again and again."""

_PORTS = {"basestation": "50051/tcp", "channel": "50052/tcp"}


def address_of(parts: Iterable[Part], service: str) -> str | None:
    """Return the published HOST:PORT of the base station or the channel emulator; None if it publishes no port."""
    port = _PORTS[service]
    return next((part.ports[port] for part in parts if part.service == service and port in part.ports), None)


async def wait_until_reachable(client: DockerClient, project: str) -> str:
    """Wait until the base station answers, and return its address.

    The time that Docker waits before it restarts the container does not count. This does not notice that Docker gave
    up; `guard_containers` does.

    Raises:
        UnreachableError: it runs and does not answer in time.
        RunFailedError: it crashes again and again before it answers.
    """
    patience, operator = Patience(time.monotonic()), None
    failure = f"the base station of project {project} publishes no port"
    while True:
        parts = find_parts(client, project)
        operator = operator or operator_of(client, project)
        address = address_of(parts, "basestation")
        if address is not None:
            try:
                await ask_status(address, operator)
            except UnreachableError as error:
                failure = str(error)
            else:
                return address
        part = next((part for part in parts if part.service == "basestation"), None)
        patience.check(part, time.monotonic(), failure)
        await asyncio.sleep(POLL_S)


class Patience:
    """Decides whether a base station that does not answer may still do so, by successive looks at its container."""

    def __init__(self, now_s: float) -> None:
        """Args: now on the monotonic clock, as for `check`."""
        self._since_s = now_s
        self._started_at: str | None = None
        self._first_restarts: int | None = None

    def check(self, part: Part | None, now_s: float, failure: str) -> None:
        """Take another look.

        Args:
            part: the container; None if there is none.
            now_s: now.
            failure: why the base station did not answer.

        Raises:
            UnreachableError: `START_LIMIT_S` have passed since the container's start.
            RunFailedError: it was restarted `MOST_RESTARTS` times since the first look.
        """
        if part is not None:
            self._check_restarts(part)
            if part.status == "restarting" or part.started_at != self._started_at:
                self._since_s, self._started_at = now_s, part.started_at
        if now_s - self._since_s >= START_LIMIT_S:
            raise UnreachableError(f"{failure} (tried for {START_LIMIT_S:g} s)")

    def _check_restarts(self, part: Part) -> None:
        if self._first_restarts is None:
            self._first_restarts = part.restarts
        if part.restarts - self._first_restarts >= MOST_RESTARTS:
            raise RunFailedError(
                f"{part.name} crashes again and again: Docker restarted it {MOST_RESTARTS} times, and it never answered"
            )
