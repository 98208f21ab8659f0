"""Where a command finds the base stations that it talks to."""

from pathlib import Path
from typing import Annotated

import typer

from splitwave.common.errors import ConfigError, UnreachableError
from splitwave.common.runtime.rpc import parse_address
from splitwave.testbed.commands.options import PROCESS, require_compose
from splitwave.testbed.compose.containers import Part, find_parts
from splitwave.testbed.compose.detached import check_project_name
from splitwave.testbed.compose.docker_api import docker_engine
from splitwave.testbed.compose.watching import address_of
from splitwave.testbed.processes.announcement import running_testbeds

Address = Annotated[
    str | None,
    typer.Option(metavar="HOST:PORT", help="The base station; without one, what runs here.", show_default=False),
]
RunningEngine = Annotated[
    str | None, typer.Option("--engine", metavar="NAME", help="compose: of a project's containers.", show_default=False)
]


def named_or_announced(address: str | None, results: Path) -> list[str]:
    """The base station at `--address`, or those of all testbeds whose results go to a folder.

    Raises:
        AddressError: the address is malformed.
        UnreachableError: no testbed is running there.
    """
    if address is not None:
        return [parse_address(address, "--address")]
    addresses = [testbed.basestation for testbed in running_testbeds(results)]
    if not addresses:
        raise UnreachableError(
            f"no testbed is running whose results go to {results}: give --address, --results or --engine compose"
        )
    return addresses


def check_compose_alone(engine: str, address: str | None, command: str) -> None:
    """Refuse another engine, and an address beside the one that the containers tell.

    Raises:
        ConfigError: one of them.
    """
    require_compose(engine, command)
    if address is not None:
        raise ConfigError(f"--address {address}: with --engine compose the containers tell where the base station is")


def parts_of(project: str) -> list[Part]:
    """A project's containers.

    Raises:
        ConfigError: no name of a project.
        UnreachableError: there are none.
    """
    name = check_project_name(project)
    with docker_engine() as client:
        parts = find_parts(client, name)
    if not parts:
        raise UnreachableError(f"project {project} has no containers: start it with `splitwave up`")
    return parts


def published_address(parts: list[Part]) -> str:
    """Where a project's base station can be reached from here.

    Raises:
        UnreachableError: nowhere.
    """
    address = address_of(parts, "basestation")
    if address is None:
        raise UnreachableError("the base station is not reachable: its container publishes no port now")
    return address


def only_basestation(address: str | None, engine: str | None, project: str, results: Path, command: str) -> str:
    """The one base station that a command is for.

    Raises:
        ConfigError: several testbeds are running, or the options contradict each other.
        AddressError: the address is malformed.
        UnreachableError: there is none.
    """
    if engine not in (None, PROCESS):
        check_compose_alone(engine, address, command)
        return published_address(parts_of(project))
    first, *others = named_or_announced(address, results)
    if others:
        raise ConfigError(
            f"{1 + len(others)} testbeds are running whose results go to {results}: choose one with --address, of "
            + ", ".join([first, *others])
        )
    return first
