"""`splitwave demo`, `train` and `infer`: the commands that run an engine and write a results folder."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from splitwave.common.config.layers import load_config
from splitwave.common.errors import ConfigError
from splitwave.testbed.commands.checkpoint_options import (
    CheckpointEvery,
    KeepCheckpoints,
    Resume,
    StopBefore,
    checkpointing,
    listening_early,
    resumption,
    settings_of,
)
from splitwave.testbed.commands.options import (
    CONFIG,
    HERE,
    PROCESS,
    RESULTS,
    DataDir,
    Device,
    Engine,
    LinksPerProcess,
    MaxRestarts,
    Overrides,
    PythonPath,
    Results,
    check_links_per_process,
    check_max_restarts,
    on_device,
)
from splitwave.testbed.engine import MAX_RESTARTS
from splitwave.testbed.execution import RunRequest, execute
from splitwave.testbed.results.checkpoint_folder import find_checkpoint, read_checkpoint
from splitwave.testbed.terminal.reporting import reports_errors


@reports_errors
def demo(
    *,
    engine: Engine = PROCESS,
    max_restarts: MaxRestarts = MAX_RESTARTS,
    overrides: Overrides = None,
    data_dir: DataDir = None,
    python_path: PythonPath = HERE,
    results: Results = RESULTS,
) -> Path:
    """Train and test on 5,000 digits with the default settings."""
    check_max_restarts(max_restarts, engine)
    config = load_config(overrides=overrides or ())
    return execute(
        RunRequest("demo", config, engine, data_dir, results, python_path=python_path, max_restarts=max_restarts)
    )


@reports_errors
def train(
    config: Annotated[Path | None, CONFIG] = None,
    *,
    engine: Engine = PROCESS,
    device: Device = None,
    links_per_process: LinksPerProcess = 1,
    checkpoint_every: CheckpointEvery = 0,
    keep_checkpoints: KeepCheckpoints = 2,
    stop_before: StopBefore = None,
    resume: Resume = None,
    max_restarts: MaxRestarts = MAX_RESTARTS,
    overrides: Overrides = None,
    data_dir: DataDir = None,
    python_path: PythonPath = HERE,
    results: Results = RESULTS,
) -> Path:
    """Train a model with the settings of a config file, or go on with a training, and evaluate it."""
    check_links_per_process(links_per_process, engine)
    check_max_restarts(max_restarts, engine)
    kept = checkpointing(checkpoint_every, keep_checkpoints, stop_before)
    begun = resumption(resume, results, engine)
    file = config or settings_of(begun)
    settings = on_device(load_config(file, overrides=overrides or ()), device)
    with listening_early(kept):
        return execute(
            RunRequest(
                file.stem if begun is None else begun.folder.parent.name,
                settings,
                engine,
                data_dir,
                results,
                None,
                links_per_process,
                python_path,
                checkpoints=kept,
                resume=begun,
                max_restarts=max_restarts,
            )
        )


@reports_errors
def infer(
    checkpoint: Annotated[
        Path, typer.Option(metavar="PATH", help="A checkpoint folder, a file in it, or the results folder around it.")
    ],
    *,
    engine: Engine = PROCESS,
    device: Device = None,
    links_per_process: LinksPerProcess = 1,
    max_restarts: MaxRestarts = MAX_RESTARTS,
    answers: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write the answers to the served queries there, one line of JSON each; process engine only.",
            show_default=False,
        ),
    ] = None,
    data_dir: DataDir = None,
    python_path: PythonPath = HERE,
    results: Results = RESULTS,
) -> Path:
    """Evaluate a trained checkpoint on the test split."""
    check_links_per_process(links_per_process, engine)
    check_max_restarts(max_restarts, engine)
    if answers is not None and engine != PROCESS:
        raise ConfigError(f"--answers {answers}: only the {PROCESS} engine writes answers, not the {engine} engine")
    folder = find_checkpoint(checkpoint)
    config = on_device(read_checkpoint(folder).config, device)
    request = RunRequest("infer", config, engine, data_dir, results, folder, links_per_process, python_path)
    return execute(replace(request, max_restarts=max_restarts, answers=None if answers is None else answers.absolute()))
