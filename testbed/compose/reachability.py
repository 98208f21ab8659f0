"""Finds the addresses of containers' services, and waits until the base station answers."""

import asyncio
from collections.abc import Iterable

from docker import DockerClient

from splitwave.common.errors import UnreachableError
from splitwave.testbed.compose.container_failures import POLL_S
from splitwave.testbed.compose.containers import Part, find_parts
from splitwave.testbed.control_client import ask_status

ANSWER_LIMIT_S = 120.0
"""Time limit for a base station to answer: its restart policy waits up to 51 s before it restarts the container."""

_PORTS = {"basestation": "50051/tcp", "channel": "50052/tcp"}


def address_of(parts: Iterable[Part], service: str) -> str | None:
    """Return the published HOST:PORT of the base station or the channel emulator; None if it publishes no port."""
    port = _PORTS[service]
    return next((part.ports[port] for part in parts if part.service == service and port in part.ports), None)


async def wait_until_reachable(client: DockerClient, project: str) -> str:
    """Wait until the base station answers, and return its address.

    Raises:
        UnreachableError: it does not answer in time.
    """
    failure = f"the base station of project {project} publishes no port"
    try:
        async with asyncio.timeout(ANSWER_LIMIT_S):
            while True:
                address = address_of(find_parts(client, project), "basestation")
                if address is not None:
                    try:
                        await ask_status(address)
                    except UnreachableError as error:
                        failure = str(error)
                    else:
                        return address
                await asyncio.sleep(POLL_S)
    except TimeoutError:
        raise UnreachableError(f"{failure} (tried for {ANSWER_LIMIT_S:g} s)") from None
