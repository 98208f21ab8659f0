"""Runs a station and the channel emulator in front of it as processes, until this one is stopped."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from splitwave.testbed.interruption import run_interruptibly
from splitwave.testbed.processes.process_death import Death, describe
from splitwave.testbed.processes.supervisor import SERVICE_OPTIONS, Supervisor


@dataclass(frozen=True, slots=True)
class Serving:
    """A model to be served, and the addresses.

    Attributes:
        model: folder that `splitwave export` wrote.
        listen: HOST:PORT of the base station.
        channel: HOST:PORT of the channel emulator; None for none, where the devices have a real radio.
        query_timeout: seconds that a query waits for links at most.
        log_dir: folder for the logs of both processes.
        state: folder for deployed models, and for what an operator changed of the links: a base station and an emulator
            that are started again go on with them.
        trusted: file with the public key that must have signed every model; None takes all.
        certificates: folder of `splitwave certs init`, with those of both services; None for plaintext.
        testbed: name of the testbed of the devices' certificates; None for certificates without one.
        insecure: whether other machines may reach the services in plaintext.
        python_path: folder that code of a user's own is imported from, which is consent to run it.
        max_restarts: how often each process is started again if it was killed.
    """

    model: Path
    listen: str
    channel: str | None
    query_timeout: str
    log_dir: Path
    state: Path
    trusted: Path | None = None
    certificates: Path | None = None
    testbed: str | None = None
    insecure: bool = False
    python_path: Path | None = None
    max_restarts: int = 0


Announce = Callable[[str, str], None]
"""Receives the addresses of the base station, and of what devices connect to."""


def serve(request: Serving, announce: Announce, note: Callable[[str], None]) -> None:
    """Serve until this process is stopped.

    Args:
        request: what to serve.
        announce: is called when devices can connect.
        note: receives a line when a process is started again.

    Raises:
        SplitwaveError: a process ended; the class corresponds to its exit code.
        KeyboardInterrupt: SIGINT or SIGTERM was received; the processes have been stopped.
    """
    run_interruptibly(_serve(request, announce, note))


async def _serve(request: Serving, announce: Announce, note: Callable[[str], None]) -> None:
    def restarted(death: Death, count: int) -> None:
        note(f"{death.child.role} {describe(death.exit_code)}; started again ({count} of {request.max_restarts})")

    async with Supervisor(request.log_dir, request.max_restarts, restarted) as supervisor:
        arguments = ["splitwave.basestation", f"--serve={request.model.resolve()}", f"--listen={request.listen}"]
        arguments += [f"--query-timeout={request.query_timeout}", *_options(request, "basestation")]
        arguments.append(f"--deployed={request.state.resolve() / 'deployed'}")
        if request.trusted is not None:
            arguments.append(f"--trust={request.trusted.resolve()}")
        if request.testbed is not None:
            arguments.append(f"--testbed={request.testbed}")
        basestation = await supervisor.start("basestation", arguments, announces=True)
        address = uplink = await supervisor.address_of(basestation)
        if request.channel is not None:
            arguments = ["splitwave.channel", f"--connect={_dialled(address)}", f"--listen={request.channel}"]
            arguments.append(f"--state={request.state.resolve() / 'channel-state'}")
            channel = await supervisor.start("channel", [*arguments, *_options(request, "channel")], announces=True)
            uplink = await supervisor.address_of(channel)
        announce(address, uplink)
        await supervisor.guard(asyncio.Event().wait())


def _options(request: Serving, party: str) -> list[str]:
    named = [] if request.python_path is None else [f"--python-path={request.python_path.resolve()}"]
    if request.certificates is not None:
        named.append(f"--tls-dir={(request.certificates / party).resolve()}")
    return [*named, *(["--insecure"] if request.insecure else []), *SERVICE_OPTIONS]


def _dialled(address: str) -> str:
    """The address at which this machine reaches a server that listens on all of its addresses."""
    host, separator, port = address.rpartition(":")
    everywhere = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}
    return f"{everywhere.get(host, host)}{separator}{port}"
