"""Carries out a command from its settings to a results folder: runs an engine, records its events, draws figures."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from splitwave.common.config.data_facts import with_data_facts
from splitwave.common.config.run_config import RunConfig
from splitwave.common.data.catalog import remarks
from splitwave.common.errors import DataError
from splitwave.common.files.full_disk import naming_full_disk
from splitwave.common.records.results import RunResult
from splitwave.common.records.summary import Summary, errors_of, summarize
from splitwave.common.records.trivial_answers import remarks_on
from splitwave.common.tasks.task import ChanceLevel, Task
from splitwave.testbed.engine import MAX_RESTARTS, Checkpointing, Engine, Event, Job, Observer, load_engine
from splitwave.testbed.figures.latency_plot import draw_latency
from splitwave.testbed.figures.training_plot import draw_training
from splitwave.testbed.preflight import check_data, check_own_code, known_chance_level, processor_warning
from splitwave.testbed.results.metrics import write_latency
from splitwave.testbed.results.results_folder import ResultsFolder
from splitwave.testbed.results.resumption import Resumption
from splitwave.testbed.results.run_record import RunRecord
from splitwave.testbed.results.unfinished import has_checkpoint, missing_epochs
from splitwave.testbed.terminal.display import Display
from splitwave.testbed.terminal.next_steps import next_steps
from splitwave.testbed.terminal.reporting import print_figures, print_next_steps, print_summary, print_warning


@dataclass(frozen=True, slots=True)
class RunRequest:
    """The run that a command asks for.

    Attributes:
        what: the kind of result: the config file's stem, `demo` or `infer`.
        engine: name of an installed engine.
        data_dir: folder with the data sets, as the user gave it.
        results: folder that holds all results.
        restore: a checkpoint folder to evaluate instead of training.
        links_per_process: how many links each device process hosts.
        python_path: folder to import what the settings name as `module:object` from, too.
        checkpoints: what is kept of the training while it runs.
        resume: the run whose training goes on.
        max_restarts: how often the process engine starts each process again that was killed.
        answers: a file for the answers of serving passes, which the process engine writes.
    """

    what: str
    config: RunConfig
    engine: str
    data_dir: Path | None
    results: Path
    restore: Path | None = None
    links_per_process: int = 1
    python_path: Path | None = None
    checkpoints: Checkpointing = field(default_factory=Checkpointing)
    resume: Resumption | None = None
    max_restarts: int = MAX_RESTARTS
    answers: Path | None = None


def execute(request: RunRequest) -> Path:
    """Carry out a request, show its progress, and return the path of the results folder.

    If the run ends early, its measurements are kept in a folder marked as unfinished; see `ResultsFolder`.

    Raises:
        SplitwaveError: the settings are invalid, or the engine failed.
    """
    finished = carry_out(request, Display, print_warning)
    config, folder = finished.request.config, finished.folder
    print_summary(finished.summary, config.task.wording, folder.path)
    finished.draw()
    print_figures(folder.figures)
    print_next_steps(next_steps(folder.path, request.data_dir, None if request.restore else config.seed))
    return folder.path


@dataclass(frozen=True, slots=True)
class Finished:
    """A run that has ended well and whose results folder is published: a failure from here on does not remove it.

    Attributes:
        request: as carried out, with the facts of the user's own data in its settings.
        folder: the results folder.
        result: the reports of the engine.
        summary: the content of `summary.json`.
    """

    request: RunRequest
    folder: ResultsFolder
    result: RunResult
    summary: Summary

    def draw(self) -> None:
        """Draw the figures of the run in its folder.

        Raises:
            DiskFullError: the disk is full.
        """
        with naming_full_disk(self.request.results):
            _draw(self.folder, self.request.config.task)


def carry_out(
    request: RunRequest,
    watch: Callable[[RunConfig], AbstractContextManager[Observer]],
    warn: Callable[[str | None], None] = lambda _: None,
) -> Finished:
    """Carry out a request without printing anything.

    Args:
        request: the run.
        watch: makes, from the settings with the facts of the data, the observer of its events, a context around them.
        warn: receives a warning about the machine or the data, or None.

    Raises:
        SplitwaveError: as `execute`.
    """
    engine = load_engine(request.engine)
    data_dir = existing_data_dir(request.data_dir)
    check_own_code(request.config, request.python_path, request.engine)
    request = replace(request, config=with_data_facts(request.config, data_dir))
    for remark in remarks(request.config.data.choice, data_dir):
        warn(remark)
    check_data(request.config, data_dir, request.engine)
    chance = known_chance_level(request.config, data_dir, request.engine)
    warn(processor_warning(request.config, request.engine, request.links_per_process))
    if request.resume is not None:
        request.resume.check_continues(request.config)
    folder = ResultsFolder(request.results, request.what, request.config, data_dir, request.resume)
    try:
        result, summary = _fill(folder, request, engine, data_dir, chance, watch=watch(request.config))
    except BaseException:
        if folder.kept:
            with suppress(Exception, KeyboardInterrupt):  # the error that ended the run is the one to report
                _draw(folder, request.config.task)
        raise
    return Finished(request, folder, result, summary)


def _fill(
    folder: ResultsFolder,
    request: RunRequest,
    engine: Engine,
    data_dir: Path | None,
    chance: ChanceLevel | None,
    *,
    watch: AbstractContextManager[Observer],
) -> tuple[RunResult, Summary]:
    job = Job(
        config=request.config,
        data_dir=data_dir,
        checkpoint_dir=request.restore or folder.checkpoint,
        restore=request.restore is not None,
        log_dir=folder.logs,
        links_per_process=request.links_per_process,
        python_path=request.python_path,
        checkpoints=replace(request.checkpoints, resume=request.resume is not None),
        max_restarts=request.max_restarts,
        answers=request.answers,
    )
    record = RunRecord(folder.metrics, request.config.task)
    folder.add_if_unfinished(lambda: _describe_unfinished(folder, request, record))
    with folder, folder.naming_errors():
        with watch as observe:
            result = engine.run(job, notify_all(record, observe))
        remarks = remarks_on(request.config.task, result.error, chance)
        summary = {**summarize(request.config, request.engine, result, remarks), **record.summary()}
        write_latency(folder.latency, result.hops, result.hop_times_ns)
        folder.write_json(folder.summary.name, summary)
        if record.restarted:
            folder.add_to_environment({"restarts": record.restarted})
    return result, summary


def _describe_unfinished(folder: ResultsFolder, request: RunRequest, record: RunRecord) -> Mapping[str, object]:
    """Return the progress of a run that ended early, and the list of what is missing in its folder."""
    missing = []
    if request.restore is None:
        missing += missing_epochs(record.epochs, request.config.training.epochs)
        missing += [] if has_checkpoint(folder.checkpoint) else ["the checkpoint"]
    if record.evaluation is None:
        missing.append("the test error")
    if not folder.summary.is_file():
        missing.append("the serving pass and its latency")
    errors = {} if record.evaluation is None else errors_of(request.config.task, record.evaluation)
    return {"steps_done": record.steps_done, "steps": record.steps, **errors, "missing": missing}


def existing_data_dir(data_dir: Path | None) -> Path | None:
    """Return the absolute path of a folder with data sets, or None if none was given.

    Raises:
        DataError: the folder does not exist.
    """
    if data_dir is not None and not data_dir.is_dir():
        raise DataError(
            f"data directory {data_dir} does not exist or is not a directory (from --data-dir or SPLITWAVE_DATA_DIR); "
            "create it and put the data set's files there, or give no directory to have them downloaded"
        )
    return None if data_dir is None else data_dir.resolve()


def notify_all(*observers: Observer) -> Observer:
    """Return an observer that passes each event to these observers, in this order."""

    def observe(event: Event) -> None:
        for observer in observers:
            observer(event)

    return observe


def _draw(folder: ResultsFolder, task: Task) -> None:
    if folder.latency.exists():  # missing until the serving pass is over
        draw_latency(folder.latency, folder.figures / "latency.png")
    if folder.metrics.exists() and folder.metrics.stat().st_size:  # missing after inference alone
        draw_training(folder.metrics, folder.summary, folder.figures / "training.png", task)
