"""Trains from Python, in this process or with a testbed."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from splitwave.common.config.run_config import RunConfig
from splitwave.common.records.results import EpochRecord, RunResult
from splitwave.common.records.summary import Summary
from splitwave.experiments.api.checkpoints import checkpointing, resumption, settings_or
from splitwave.experiments.api.model import Model, load
from splitwave.experiments.api.settings import Settings, data_folder, module_folder, name_of, resolve
from splitwave.testbed.engine import IN_THIS_PROCESS, Event, Observer
from splitwave.testbed.execution import RunRequest, carry_out, notify_all

Callback = Callable[[Event], None]
"""Is called with each event of a run, such as an `EpochRecord`."""


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """A finished run.

    Attributes:
        config: its settings.
        folder: its results folder, with checkpoint, curves and figures.
        epochs: one record per epoch; empty for a run that restored a checkpoint.
        summary: the content of its `summary.json`.
        run: the reports of its test and serving passes.
    """

    config: RunConfig
    folder: Path
    epochs: tuple[EpochRecord, ...]
    summary: Summary
    run: RunResult

    @property
    def error(self) -> float:
        """The mean error on the test split with hard symbols, in the unit of the task: a share, or ns²."""
        return self.run.error

    @property
    def weights_sha256(self) -> str:
        """The digest of all weights, which two runs share if they are equal to the bit."""
        return self.run.weights_sha256

    def load(self) -> Model:
        """Load the trained model.

        Raises:
            CheckpointError: this run restored a checkpoint of another folder, or its own was removed.
        """
        return load(self.folder)


def train(
    config: Settings | None = None,
    *,
    engine: str = IN_THIS_PROCESS,
    callbacks: Iterable[Callback] = (),
    overrides: Sequence[str] = (),
    data_dir: str | Path | None = None,
    python_path: str | Path | None = None,
    results: str | Path = "results",
    checkpoint_every: int = 0,
    keep_checkpoints: int = 2,
    resume: str | Path | None = None,
) -> TrainingResult:
    """Train a model, evaluate it, and write a results folder, as `splitwave train` does, but without printing.

    Args:
        config: resolved settings, a tree of settings over the defaults, a YAML file, or a shipped name such as `demo`;
            with `resume`, None for those of that run.
        engine: `inprocess`; or `process` or `compose` for a testbed, which gives equal weights.
        callbacks: called with each event of the run, in order. An exception in one ends the run. With a testbed inside
            a running event loop, as in a notebook, they are called in another thread.
        overrides: `dotted.path=value`, for the name of a configuration or a file.
        data_dir: folder with the data sets; by default that of the variable SPLITWAVE_DATA_DIR.
        python_path: where a testbed finds the modules that the settings name; by default the current folder.
        results: folder that holds all results.
        checkpoint_every: training steps from one checkpoint to the next, which a training can go on from; one is kept
            after the last step, too; 0 keeps none.
        keep_checkpoints: how many of these checkpoints stay on the disk.
        resume: go on with the training of this results folder; or `newest`, the newest unfinished run in `results`. An
            unfinished run goes on in its folder, and a finished one is extended to more epochs in another.

    Raises:
        SplitwaveError: a setting is wrong or not that of the run that goes on, the data are missing, or the run failed.
        KeyboardInterrupt: the run was interrupted, and everything that was started has been stopped.
    """
    checkpoints = checkpointing(checkpoint_every, keep_checkpoints, engine)
    begun = resumption(resume, Path(results), engine)
    config = settings_or(config, begun)
    request = RunRequest(
        name_of(config) if begun is None else begun.folder.parent.name,
        resolve(config, overrides),
        engine,
        data_folder(data_dir),
        Path(results),
        python_path=module_folder(python_path),
        checkpoints=checkpoints,
        resume=begun,
    )
    return finish(request, callbacks)


def finish(request: RunRequest, callbacks: Iterable[Callback]) -> TrainingResult:
    """Carry out a request to its end, with figures.

    Raises:
        SplitwaveError: as `train`.
    """
    epochs: list[EpochRecord] = []
    done = carry_out(request, lambda _: nullcontext(notify_all(_keeping(epochs), *callbacks)))
    done.draw()
    return TrainingResult(done.request.config, done.folder.path, tuple(epochs), done.summary, done.result)


def _keeping(epochs: list[EpochRecord]) -> Observer:
    def observe(event: Event) -> None:
        if isinstance(event, EpochRecord):
            epochs[event.epoch :] = [event]  # the run may have gone back to an earlier one

    return observe
