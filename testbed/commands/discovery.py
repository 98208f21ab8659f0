"""Finds the base stations that a command talks to: by address, by announcement, or among a project's containers."""

from pathlib import Path
from typing import Annotated

import typer

from splitwave.common.errors import ConfigError, UnreachableError
from splitwave.common.runtime.address import parse_address
from splitwave.common.runtime.tls_folder import TlsFolder
from splitwave.testbed.commands.options import PROCESS, operator_tls, require_compose
from splitwave.testbed.compose.containers import Part, find_parts
from splitwave.testbed.compose.detached import check_project_name
from splitwave.testbed.compose.docker_api import docker_engine
from splitwave.testbed.compose.operator_certificate import operator_of
from splitwave.testbed.compose.reachability import address_of
from splitwave.testbed.processes.announcement import running_testbeds

Address = Annotated[
    str | None,
    typer.Option(
        metavar="HOST:PORT", help="The base station; by default one that runs on this machine.", show_default=False
    ),
]
RunningEngine = Annotated[
    str | None,
    typer.Option("--engine", metavar="NAME", help="compose: use the containers of --project.", show_default=False),
]


def named_or_announced(address: str | None, results: Path) -> list[str]:
    """Return the address given as `--address`, or the addresses of all testbeds whose results go to a folder.

    Raises:
        AddressError: the address is malformed.
        UnreachableError: no running testbed writes its results to this folder.
    """
    if address is not None:
        return [parse_address(address, "--address")]
    addresses = [testbed.basestation for testbed in running_testbeds(results)]
    if not addresses:
        raise UnreachableError(
            f"no testbed is running whose results go to {results}: give --address, --results or --engine compose"
        )
    return addresses


def announced_channels(results: Path) -> list[str]:
    """Return the channel emulators of all testbeds whose results go to a folder.

    Raises:
        UnreachableError: no running testbed writes its results to this folder.
    """
    addresses = [testbed.channel for testbed in running_testbeds(results)]
    if not addresses:
        raise UnreachableError(
            f"no testbed is running whose results go to {results}: give --address, --results or --engine compose"
        )
    return addresses


def check_compose_alone(engine: str, address: str | None, command: str) -> None:
    """Refuse any engine other than compose, and an explicit address: the containers determine the address.

    Raises:
        ConfigError: `engine` is not compose, or `address` is not None.
    """
    require_compose(engine, command)
    if address is not None:
        raise ConfigError(
            f"--address {address}: not allowed with --engine compose, which reads the address from the containers"
        )


def parts_of(project: str) -> list[Part]:
    """Return a project's containers.

    Raises:
        ConfigError: `project` is not a valid project name.
        UnreachableError: the project has no containers.
    """
    name = check_project_name(project)
    with docker_engine() as client:
        parts = find_parts(client, name)
    if not parts:
        raise UnreachableError(f"project {project} has no containers: start it with `splitwave up`")
    return parts


def published_address(parts: list[Part], service: str = "basestation") -> str:
    """Return the HOST:PORT at which this machine reaches a project's base station, or its channel emulator.

    Raises:
        UnreachableError: its container publishes no port.
    """
    address = address_of(parts, service)
    if address is None:
        name = {"basestation": "base station", "channel": "channel emulator"}[service]
        raise UnreachableError(f"the {name} is not reachable: its container currently publishes no port")
    return address


def tls_of_project(project: str) -> TlsFolder | None:
    """Return the operator's files of a project in containers; None if its services are in plaintext."""
    with docker_engine() as client:
        return operator_of(client, check_project_name(project))


def only_basestation(
    address: str | None, engine: str | None, project: str, results: Path, *, tls_dir: Path | None, command: str
) -> tuple[str, TlsFolder | None]:
    """Return the address of the single base station that a command addresses, and the files to dial it with.

    Raises:
        ConfigError: several testbeds are running, or the options contradict each other.
        AddressError: the address is malformed.
        UnreachableError: no base station was found.
    """
    if engine not in (None, PROCESS):
        check_compose_alone(engine, address, command)
        return published_address(parts_of(project)), operator_tls(tls_dir) or tls_of_project(project)
    return _only(named_or_announced(address, results), results), operator_tls(tls_dir)


def only_channel(
    address: str | None, engine: str | None, project: str, results: Path, *, tls_dir: Path | None, command: str
) -> tuple[str, TlsFolder | None]:
    """Return the address of the single channel emulator that a command addresses, and the files to dial it with.

    Raises:
        ConfigError: several testbeds are running, or the options contradict each other.
        AddressError: the address is malformed.
        UnreachableError: no emulator was found.
    """
    if engine not in (None, PROCESS):
        check_compose_alone(engine, address, command)
        return published_address(parts_of(project), "channel"), operator_tls(tls_dir) or tls_of_project(project)
    addresses = announced_channels(results) if address is None else [parse_address(address, "--address")]
    return _only(addresses, results), operator_tls(tls_dir)


def _only(addresses: list[str], results: Path) -> str:
    first, *others = addresses
    if others:
        raise ConfigError(
            f"{len(addresses)} testbeds are running whose results go to {results}; choose one with --address: "
            + ", ".join(addresses)
        )
    return first
