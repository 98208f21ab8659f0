"""Services started for a benchmark: `python -m …` under a supervisor, by the address they announce."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from common.errors import RunFailedError
from testbed.process_engine import READY_LIMIT_S
from testbed.supervisor import Supervisor

LISTEN = "--listen=127.0.0.1:0"
SERVICE = ("--lifeline", "--log-format=json")


@dataclass(frozen=True, slots=True)
class Service:
    """A process that serves."""

    address: str
    pid: int


async def start_service(supervisor: Supervisor, role: str, arguments: Sequence[str]) -> Service:
    """Start one, and wait until it serves.

    Raises:
        RunFailedError: it does not.
    """
    child = await supervisor.start(role, [*arguments, LISTEN, *SERVICE], announces=True)

    async def announced() -> str:
        try:
            address = await asyncio.wait_for(child.address(), READY_LIMIT_S)
        except TimeoutError:
            raise RunFailedError(f"{role} did not serve within {READY_LIMIT_S:g} s") from None
        if not address:  # it is dying, and the supervisor will hear how
            raise RunFailedError(f"{role} ended before it served")
        return address

    return Service(await supervisor.unless_one_dies(announced()), child.pid)


@asynccontextmanager
async def two_hop_echo(folder: Path) -> AsyncIterator[str]:
    """Address of a forwarding proxy before an echo server, each a process of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    module = "benchmarks.floors.echo_service"
    async with Supervisor(folder) as supervisor:
        server = await start_service(supervisor, "echo-server", [module])
        proxy = await start_service(supervisor, "echo-proxy", [module, f"--connect={server.address}"])
        yield proxy.address
