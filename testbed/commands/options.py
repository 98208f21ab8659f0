"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

from splitwave.common.config.run_config import RunConfig
from splitwave.common.config.sections import TorchDevice
from splitwave.common.errors import ConfigError
from splitwave.testbed.engine import load_engine

Engine = Annotated[str, typer.Option(metavar="NAME", help="What carries the run out: process, inprocess or compose.")]
DataDir = Annotated[
    Path | None,
    typer.Option(
        envvar="SPLITWAVE_DATA_DIR",
        metavar="DIR",
        help="Folder with the data sets; without one, each data set's own source.",
        show_default=False,
    ),
]
Results = Annotated[Path, typer.Option(metavar="DIR", help="Folder of all results.")]
CONFIG = typer.Option(
    "--config", "-c", metavar="FILE", help="Settings: a YAML file, or the name of a shipped one.", show_default=False
)
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="PATH=VALUE", help="Override one setting, such as training.epochs=3."),
]

Device = Annotated[
    TorchDevice | None,
    typer.Option("--device", help="Where the networks compute, in place of runtime.torch_device.", show_default=False),
]

LinksPerProcess = Annotated[
    int, typer.Option(metavar="N", help="Links that each device process hosts; results do not depend on it.")
]

StandingEngine = Annotated[str, typer.Option("--engine", metavar="NAME", help="What runs the testbed: compose.")]
Project = Annotated[str, typer.Option(metavar="NAME", help="The testbed's name among the containers.")]

PROCESS = "process"
COMPOSE = "compose"
RESULTS = Path("results")


def require_compose(engine: str, command: str) -> None:
    """Refuse an engine whose testbeds end with the command that started them.

    Raises:
        ConfigError: it is not the compose engine.
    """
    if engine != COMPOSE:
        load_engine(engine)
        raise ConfigError(
            f"--engine {engine}: the {engine} engine has no `{command}`, its testbeds end with the command that "
            f"started them; the {COMPOSE} engine has"
        )


def check_links_per_process(links: int, engine: str) -> None:
    """Refuse a number of links that no device process can host, or an engine that has no such choice.

    Raises:
        ConfigError: it is below 1, or the engine is not the process engine.
    """
    if links < 1:
        raise ConfigError(f"--links-per-process {links}: a device process hosts one link or more")
    if links > 1 and engine != PROCESS:
        load_engine(engine)
        raise ConfigError(
            f"--links-per-process {links}: of the {engine} engine's devices none hosts several links; those of the "
            f"{PROCESS} engine can"
        )


def on_device(config: RunConfig, device: TorchDevice | None) -> RunConfig:
    """The settings with `--device` in them, if it was given."""
    if device is None:
        return config
    return config.model_copy(update={"runtime": config.runtime.model_copy(update={"torch_device": device})})
