"""Options that several commands share."""

import math
from pathlib import Path
from typing import Annotated

import typer

from splitwave.common.config.run_config import RunConfig
from splitwave.common.config.setting_types import TorchDevice
from splitwave.common.errors import ConfigError
from splitwave.common.runtime.tls_folder import VARIABLE, TlsFolder
from splitwave.testbed.engine import MAX_RESTARTS, load_engine


def finite(value: float | None) -> float | None:
    """Refuse NaN, which some versions of click take for a number in the range."""
    if value is not None and not math.isfinite(value):
        raise typer.BadParameter(f"{value} is not a finite number")
    return value


Engine = Annotated[str, typer.Option(metavar="NAME", help="The engine that runs it: process, inprocess or compose.")]
DataDir = Annotated[
    Path | None,
    typer.Option(
        envvar="SPLITWAVE_DATA_DIR",
        metavar="DIR",
        help="Folder with the data sets; by default each data set is embedded or downloaded.",
        show_default=False,
    ),
]
TlsDir = Annotated[
    Path | None,
    typer.Option(
        envvar=VARIABLE,
        metavar="DIR",
        help="Folder with an operator's certificates, of `splitwave certs init`; without one, plaintext.",
        show_default=False,
    ),
]
Results = Annotated[Path, typer.Option(metavar="DIR", help="Folder that holds all results.")]
CONFIG = typer.Option(
    "--config", "-c", metavar="FILE", help="Settings: a YAML file, or the name of a shipped one.", show_default=False
)
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="PATH=VALUE", help="Override one setting, such as training.epochs=3."),
]

Device = Annotated[
    TorchDevice | None,
    typer.Option("--device", help="The torch device, overriding runtime.torch_device.", show_default=False),
]

LinksPerProcess = Annotated[
    int, typer.Option(metavar="N", help="Links that each device process hosts; results do not depend on it.")
]

MaxRestarts = Annotated[
    int,
    typer.Option(
        min=0,
        max=10**9,
        metavar="N",
        help="How often the process engine starts each process again that was killed; 0 ends the run then.",
    ),
]

PythonPath = Annotated[
    Path,
    typer.Option(metavar="DIR", help="Folder to import what the settings name as module:object from, too."),
]
HERE = Path()

DetachedEngine = Annotated[str, typer.Option("--engine", metavar="NAME", help="The engine; only compose is supported.")]
Project = Annotated[str, typer.Option(metavar="NAME", help="The name of the Compose project.")]

PROCESS = "process"
COMPOSE = "compose"
RESULTS = Path("results")


def operator_tls(folder: Path | None) -> TlsFolder | None:
    """Return the files that `--tls-dir` names; None for plaintext.

    Raises:
        ConfigError: a file is missing or invalid.
    """
    return None if folder is None else TlsFolder(folder)


def require_compose(engine: str, command: str) -> None:
    """Refuse an engine whose testbeds do not outlive the command that started them.

    Raises:
        ConfigError: `engine` is not the compose engine.
    """
    if engine != COMPOSE:
        load_engine(engine)
        raise ConfigError(
            f"--engine {engine}: the {engine} engine has no `{command}`, because its testbeds end with the command "
            f"that started them; use --engine {COMPOSE}"
        )


def check_links_per_process(links: int, engine: str) -> None:
    """Check `--links-per-process` against its range and the engine.

    Raises:
        ConfigError: `links` is below 1, or above 1 with an engine other than the process engine.
    """
    if links < 1:
        raise ConfigError(f"--links-per-process {links}: a device process hosts one link or more")
    if links > 1 and engine != PROCESS:
        load_engine(engine)
        raise ConfigError(
            f"--links-per-process {links}: only the {PROCESS} engine can host several links in one device process, "
            f"not the {engine} engine"
        )


def check_max_restarts(restarts: int, engine: str) -> None:
    """Check `--max-restarts` against the engine.

    Raises:
        ConfigError: another number than the default is given for an engine that starts no process again.
    """
    if restarts != MAX_RESTARTS and engine != PROCESS:
        load_engine(engine)
        raise ConfigError(
            f"--max-restarts {restarts}: only the {PROCESS} engine starts processes again, not the {engine} engine"
        )


def on_device(config: RunConfig, device: TorchDevice | None) -> RunConfig:
    """Return the settings with `runtime.torch_device` replaced by `--device`, if that was given."""
    if device is None:
        return config
    return config.model_copy(update={"runtime": config.runtime.model_copy(update={"torch_device": device})})
