"""`splitwave channel`: the emulator itself, and the commands that show and change its links while blocks pass."""

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from splitwave.common.errors import ConfigError
from splitwave.common.limits import MAX_LINKS
from splitwave.common.protocol.channel_changes import PLAN, ChannelChange, ChannelReport, LinkReport
from splitwave.common.protocol.live_channel import VALUE_NAMES, ChannelValues
from splitwave.common.runtime.tls_folder import TlsFolder
from splitwave.testbed.channel_client import ChannelClient, connected
from splitwave.testbed.channel_trace import plan_of, play, read_trace
from splitwave.testbed.commands.discovery import RunningEngine, only_channel
from splitwave.testbed.commands.options import RESULTS, Project, Results, TlsDir, finite
from splitwave.testbed.commands.services import replace_process
from splitwave.testbed.compose.detached import DEFAULT_PROJECT
from splitwave.testbed.interruption import run_interruptibly
from splitwave.testbed.terminal.reporting import reports_errors

NONE = "none"
"""The text that stands for the value of the settings."""


class ServiceGroup(TyperGroup):
    """Commands beside a service: without the name of one, all arguments are the service's, `--help` included."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Let the process of the service replace this one, unless a command is named."""
        if not args or args[0] not in self.commands:
            replace_process("channel", args)
        return super().parse_args(ctx, args)


channel_app = typer.Typer(
    cls=ServiceGroup, help="Run the channel emulator, or show and change its links while blocks pass (a command below)."
)

Address = Annotated[
    str | None,
    typer.Option(
        metavar="HOST:PORT", help="The channel emulator; by default one that runs on this machine.", show_default=False
    ),
]
Link = Annotated[
    int | None,
    typer.Option(
        metavar="K", help="The link, from 0; all links by default.", min=0, max=MAX_LINKS - 1, show_default=False
    ),
]


@dataclass(frozen=True, slots=True)
class Emulator:
    """The emulator that a command addresses, and the files to dial it with."""

    address: str
    tls: TlsFolder | None

    def set(self, change: ChannelChange) -> None:
        """Change links, and print the state after the change.

        Raises:
            ConfigError: the emulator refuses the change.
            UnreachableError: it does not answer.
        """

        async def send() -> ChannelReport:
            async with connected(self.address, self.tls) as client:
                return await client.set([change])

        print_report(run_interruptibly(send()))


@channel_app.command("list")
@reports_errors
def list_(
    address: Address = None,
    engine: RunningEngine = None,
    project: Project = DEFAULT_PROJECT,
    results: Results = RESULTS,
    tls_dir: TlsDir = None,
) -> None:
    """Print the state of each link."""
    where = only_channel(address, engine, project, results, tls_dir=tls_dir, command="channel")

    async def ask() -> ChannelReport:
        async with connected(*where) as one:
            return await one.list()

    print_report(run_interruptibly(ask()))


@channel_app.command("set")
@reports_errors
def set_(  # noqa: PLR0917 — each is an option of the command line
    values: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME=VALUE...",
            help=f"{', '.join(VALUE_NAMES)}; none for the settings' value. plan=none ends a plan.",
        ),
    ],
    link: Link = None,
    address: Address = None,
    engine: RunningEngine = None,
    project: Project = DEFAULT_PROJECT,
    results: Results = RESULTS,
    tls_dir: TlsDir = None,
) -> None:
    """Change values of a link from its next block on."""
    change = parse_change(values, link)
    Emulator(*only_channel(address, engine, project, results, tls_dir=tls_dir, command="channel")).set(change)


@channel_app.command()
@reports_errors
def watch(
    address: Address = None,
    engine: RunningEngine = None,
    project: Project = DEFAULT_PROJECT,
    results: Results = RESULTS,
    tls_dir: TlsDir = None,
) -> None:
    """Print the state now and after each change, until stopped."""
    where = only_channel(address, engine, project, results, tls_dir=tls_dir, command="channel")

    async def follow() -> None:
        async with connected(*where) as one:
            async for report in one.watch():
                print_report(report)

    run_interruptibly(follow())


@channel_app.command()
@reports_errors
def replay(  # noqa: PLR0917 — each is an option of the command line
    trace: Annotated[Path, typer.Argument(metavar="TRACE", help="CSV with time_s, perhaps link, and values to set.")],
    speed: Annotated[
        float,
        typer.Option(min=1e-6, max=1e6, callback=finite, metavar="X", help="Seconds of the trace in one second."),
    ] = 1.0,
    queries_per_s: Annotated[
        float | None,
        typer.Option(
            min=1e-6,
            max=1e6,
            callback=finite,
            metavar="R",
            help="Apply rows by the numbers of queries, R to a second of the trace, instead of by the clock.",
            show_default=False,
        ),
    ] = None,
    address: Address = None,
    engine: RunningEngine = None,
    project: Project = DEFAULT_PROJECT,
    results: Results = RESULTS,
    tls_dir: TlsDir = None,
) -> None:
    """Play a trace of the links, by the clock or, so that it can be repeated, by the numbers of queries."""
    rows = read_trace(trace)

    async def by_clock(client: ChannelClient) -> ChannelReport:
        await play(rows, client.set, speed=speed, now=time.monotonic, sleep=asyncio.sleep)
        return await client.list()

    async def by_query(client: ChannelClient, rate: float) -> ChannelReport:
        links = [each.link for each in (await client.list()).links if each.connected]
        if not links and any(row.link is None for row in rows):
            raise ConfigError(f"{trace}: rows without a link are for all, and no device has been welcomed yet")
        return await client.plan(plan_of(rows, rate, links))

    where = only_channel(address, engine, project, results, tls_dir=tls_dir, command="channel")

    async def replayed() -> ChannelReport:
        async with connected(*where) as one:
            return await (by_clock(one) if queries_per_s is None else by_query(one, queries_per_s))

    print_report(run_interruptibly(replayed()))


def parse_change(values: list[str], link: int | None) -> ChannelChange:
    """Read NAME=VALUE of a command line.

    Raises:
        ConfigError: a name is unknown, named twice, or its value is out of its range.
    """
    given: dict[str, float] = {}
    reset: set[str] = set()
    for text in values:
        name, equals, value = text.partition("=")
        if not equals or name not in (*VALUE_NAMES, PLAN) or name in given or name in reset:
            raise ConfigError(f"{text}: expected NAME=VALUE, each once, with one of {', '.join(VALUE_NAMES)}, {PLAN}")
        if value == NONE:
            reset.add(name)
            continue
        if name == PLAN:
            raise ConfigError(f"{text}: expected {NONE}; `splitwave channel replay` makes a plan")
        try:
            given[name] = float(value)
        except ValueError:
            raise ConfigError(f"{text}: expected a number, or {NONE}") from None
    try:
        return ChannelChange(link, ChannelValues(**given), frozenset(reset))
    except ValueError as error:
        raise ConfigError(f"{' '.join(values)}: {error}") from None


def print_report(report: ChannelReport) -> None:
    """Print the state of an emulator, a line for each link."""
    typer.echo(f"state {report.version}")
    for link in report.links:
        typer.echo(f"link {link.link}  {_described(link)}{'' if link.connected else '  (no device)'}")


def _described(link: LinkReport) -> str:
    channel = link.channel
    values = [f"{name} {value:g}" for name, value in channel.values.given.items()]
    plan = [f"plan of {link.planned} rows"] if link.planned else []
    text = "  ".join([*values, *plan]) or "as in the settings"
    return f"version {channel.version}  {text}" if channel.version or plan else text
