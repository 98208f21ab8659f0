"""`splitwave demo`, `train` and `infer`: the commands that run an engine and write a results folder."""

from pathlib import Path
from typing import Annotated

import typer

from splitwave.common.config.layers import load_config
from splitwave.testbed.commands.options import (
    CONFIG,
    HERE,
    PROCESS,
    RESULTS,
    DataDir,
    Device,
    Engine,
    LinksPerProcess,
    Overrides,
    PythonPath,
    Results,
    check_links_per_process,
    on_device,
)
from splitwave.testbed.execution import RunRequest, execute
from splitwave.testbed.results.checkpoint_folder import find_checkpoint, read_checkpoint
from splitwave.testbed.terminal.reporting import reports_errors


@reports_errors
def demo(
    engine: Engine = PROCESS,
    overrides: Overrides = None,
    data_dir: DataDir = None,
    python_path: PythonPath = HERE,
    results: Results = RESULTS,
) -> Path:
    """Train and test on 5,000 digits with the default settings."""
    config = load_config(overrides=overrides or ())
    return execute(RunRequest("demo", config, engine, data_dir, results, python_path=python_path))


@reports_errors
def train(
    config: Annotated[Path, CONFIG],
    *,
    engine: Engine = PROCESS,
    device: Device = None,
    links_per_process: LinksPerProcess = 1,
    overrides: Overrides = None,
    data_dir: DataDir = None,
    python_path: PythonPath = HERE,
    results: Results = RESULTS,
) -> Path:
    """Train a model with the settings of a config file, and evaluate it."""
    check_links_per_process(links_per_process, engine)
    settings = on_device(load_config(config, overrides=overrides or ()), device)
    request = RunRequest(config.stem, settings, engine, data_dir, results, None, links_per_process, python_path)
    return execute(request)


@reports_errors
def infer(
    checkpoint: Annotated[
        Path, typer.Option(metavar="PATH", help="A checkpoint folder, a file in it, or the results folder around it.")
    ],
    *,
    engine: Engine = PROCESS,
    device: Device = None,
    links_per_process: LinksPerProcess = 1,
    data_dir: DataDir = None,
    python_path: PythonPath = HERE,
    results: Results = RESULTS,
) -> Path:
    """Evaluate a trained checkpoint on the test split."""
    check_links_per_process(links_per_process, engine)
    folder = find_checkpoint(checkpoint)
    config = on_device(read_checkpoint(folder).config, device)
    request = RunRequest("infer", config, engine, data_dir, results, folder, links_per_process, python_path)
    return execute(request)
