"""A trained run, the answers of `splitwave infer` to its served queries, and its exported model."""

import json
import subprocess
from pathlib import Path
from typing import NamedTuple

from tests.installed_command import ENVIRONMENT, SPLITWAVE


class TrainedModel(NamedTuple):
    """The outputs of train, infer and export.

    Attributes:
        run: its results folder.
        folder: the model folder.
        expected: by the place of a query in the serving pass 0, its sample and its answer.
    """

    run: Path
    folder: Path
    expected: list[tuple[int, object]]


def splitwave(*arguments: str | Path, data_dir: Path | None = None, keys: Path | None = None) -> str:
    """Run a command that has to end well, with the signing key of a folder; returns its output."""
    environment = {**ENVIRONMENT}
    environment |= {} if data_dir is None else {"SPLITWAVE_DATA_DIR": str(data_dir)}
    environment |= {} if keys is None else {"XDG_CONFIG_HOME": str(keys)}
    done = subprocess.run([SPLITWAVE, *arguments], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
    return done.stdout


def train(folder: Path, config: str, *settings: str, data_dir: Path | None = None) -> Path:
    """Train, and return the results folder."""
    overrides = [argument for setting in settings for argument in ("--set", setting)]
    splitwave("train", "-c", config, *overrides, "--results", folder / "results", data_dir=data_dir)
    (run,) = (folder / "results" / config).iterdir()
    return run


def infer_and_export(folder: Path, run: Path, data_dir: Path | None = None) -> TrainedModel:
    """Let a run answer its queries in a serving pass, and export its model."""
    answers, model = folder / "answers.jsonl", folder / "model"
    infer = ("infer", "--checkpoint", run, "--answers", answers, "--results", folder / "results")
    splitwave(*infer, data_dir=data_dir)
    splitwave("export", run, model, data_dir=data_dir, keys=folder / "keys")
    lines = [json.loads(line) for line in answers.read_text().splitlines()]
    assert [line["sequence"] for line in lines] == list(range(len(lines)))
    return TrainedModel(run, model, [(line["sample"], line["answer"]) for line in lines])
