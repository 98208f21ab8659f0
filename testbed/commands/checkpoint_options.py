"""The options of `splitwave train` for checkpoints of a training that runs, and for going on from one."""

import signal
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Annotated

import typer
from typer.core import TyperCommand

from splitwave.common.durations import parse_span
from splitwave.common.errors import ConfigError
from splitwave.testbed.engine import Checkpointing, load_engine
from splitwave.testbed.results.resumption import NEWEST, Resumption, find_resumption
from splitwave.testbed.stopping import StopRequest

MOST = 10**9
_RESUME = "--resume"

Resume = Annotated[
    str | None,
    typer.Option(
        _RESUME,
        metavar="[RUN]",
        help="Go on with the training of a results folder; without RUN the newest unfinished one.",
        show_default=False,
    ),
]
CheckpointEvery = Annotated[
    int,
    typer.Option(min=0, max=MOST, metavar="N", help="Keep a checkpoint to go on from after each N steps; 0 for none."),
]
KeepCheckpoints = Annotated[
    int, typer.Option(min=1, max=MOST, metavar="N", help="How many of these checkpoints stay on the disk.")
]
StopBefore = Annotated[
    str | None,
    typer.Option(
        metavar="TIME", help="End after a checkpoint when so much time is over, such as 23h50m.", show_default=False
    ),
]


class ResumeCommand(TyperCommand):
    """A command whose option `--resume` may stand without a value."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        """Add the value that `--resume` has by itself."""
        return super().parse_args(ctx, _with_value(args))


def checkpointing(every: int, keep: int, stop_before: str | None) -> Checkpointing:
    """Return what is kept of a training; SIGTERM ends one after a checkpoint if the options ask for any.

    Raises:
        ConfigError: the time is none.
    """
    after_s = None if stop_before is None else parse_span(stop_before, "--stop-before")
    asked = every > 0 or after_s is not None
    signals = [signal.SIGUSR1, *([signal.SIGTERM] if asked else [])]
    return Checkpointing(every, keep, stop=StopRequest(after_s, signals))


def listening_early(kept: Checkpointing) -> AbstractContextManager[None]:
    """A context around a whole training, in which SIGUSR1 ends no process that has yet to start."""
    return kept.stop.listening_early() if kept.stop is not None else nullcontext()


def resumption(resume: str | None, results: Path, engine: str) -> Resumption | None:
    """Return the run that `--resume` names; None without the option.

    Raises:
        CheckpointError: there is no such run whose training can go on.
        ConfigError: there is no such engine.
    """
    if resume is None:
        return None
    load_engine(engine)
    return find_resumption(resume, results)


def settings_of(run: Resumption | None) -> Path:
    """Return the file with the settings of the run that goes on.

    Raises:
        ConfigError: none does, so that a file has to be named.
    """
    if run is None:
        raise ConfigError("--config: missing; name a file of settings, or a training to go on with: --resume [RUN]")
    return run.settings


def _with_value(args: Sequence[str]) -> list[str]:
    """Insert the value where `--resume` is the last argument, or another option follows it."""
    complete: list[str] = []
    for place, argument in enumerate(args):
        complete.append(argument)
        if argument == _RESUME and (place + 1 == len(args) or args[place + 1].startswith("-")):
            complete.append(NEWEST)
    return complete
