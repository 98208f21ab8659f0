"""Starts the services of a benchmark as supervised processes and waits for their addresses."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from splitwave.testbed.processes.supervisor import SERVER_OPTIONS, Supervisor


@dataclass(frozen=True, slots=True)
class Service:
    """The address and the process id of a running service."""

    address: str
    pid: int


async def start_service(supervisor: Supervisor, role: str, arguments: Sequence[str]) -> Service:
    """Start a service and wait until it serves.

    Raises:
        RunFailedError: the service ended or did not serve in time.
    """
    child = await supervisor.start(role, [*arguments, *SERVER_OPTIONS], announces=True)
    return Service(await supervisor.address_of(child), child.pid)


@asynccontextmanager
async def two_hop_echo(folder: Path) -> AsyncIterator[str]:
    """Start an echo server and a proxy that forwards to it, in separate processes; yields the proxy's address."""
    folder.mkdir(parents=True, exist_ok=True)
    module = "splitwave.benchmarks.floors.echo_service"
    async with Supervisor(folder) as supervisor:
        server = await start_service(supervisor, "echo-server", [module])
        proxy = await start_service(supervisor, "echo-proxy", [module, f"--connect={server.address}"])
        yield proxy.address
