"""From settings to a results folder: run an engine, record what it reports, draw the figures."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import DataError
from splitwave.common.files.full_disk import naming_full_disk
from splitwave.common.records.summary import Summary, errors_of, summarize
from splitwave.common.records.trivial_answers import remarks_on
from splitwave.common.tasks.task import ChanceLevel, Task
from splitwave.testbed.engine import Engine, Event, Job, Observer, load_engine
from splitwave.testbed.figures.latency_plot import draw_latency
from splitwave.testbed.figures.training_plot import draw_training
from splitwave.testbed.preflight import check_data, known_chance_level, processor_warning
from splitwave.testbed.results.metrics import write_latency
from splitwave.testbed.results.results_folder import ResultsFolder
from splitwave.testbed.results.run_record import RunRecord
from splitwave.testbed.results.unfinished import has_checkpoint, missing_epochs
from splitwave.testbed.terminal.display import Display
from splitwave.testbed.terminal.next_steps import next_steps
from splitwave.testbed.terminal.reporting import print_figures, print_next_steps, print_summary, print_warning


@dataclass(frozen=True, slots=True)
class Order:
    """What a command asks for.

    Attributes:
        what: names the kind of result: the config file's stem, `demo` or `infer`.
        engine: name of an installed engine.
        data_dir: folder with the data sets, as given.
        results: folder of all results.
        restore: a checkpoint folder to evaluate instead of training.
        links_per_process: how many links each device process hosts.
    """

    what: str
    config: RunConfig
    engine: str
    data_dir: Path | None
    results: Path
    restore: Path | None = None
    links_per_process: int = 1


def execute(order: Order) -> Path:
    """Carry an order out, show how it goes, and leave a results folder, whose path is returned.

    What a run that ends early has measured is left in a folder that is marked as unfinished; see `ResultsFolder`.

    Raises:
        SplitwaveError: what the engine or the order's own settings raise.
    """
    engine = load_engine(order.engine)
    data_dir = existing_data_dir(order.data_dir)
    check_data(order.config, data_dir, order.engine)
    chance = known_chance_level(order.config, data_dir, order.engine)
    print_warning(processor_warning(order.config, order.engine, order.links_per_process))
    folder = ResultsFolder(order.results, order.what, order.config, data_dir)
    try:
        summary = _fill(folder, order, engine, data_dir, chance)
    except BaseException:
        if folder.kept:
            with suppress(Exception, KeyboardInterrupt):  # the error that ended the run is the one to tell
                _draw(folder, order.config.task)
        raise
    # The result is published: nothing that happens from here on takes it back.
    print_summary(summary, order.config.task.wording, folder.path)
    with naming_full_disk(order.results):
        _draw(folder, order.config.task)
    print_figures(folder.figures)
    print_next_steps(next_steps(folder.path, order.data_dir, None if order.restore else order.config.seed))
    return folder.path


def _fill(
    folder: ResultsFolder, order: Order, engine: Engine, data_dir: Path | None, chance: ChanceLevel | None
) -> Summary:
    job = Job(
        config=order.config,
        data_dir=data_dir,
        checkpoint_dir=order.restore or folder.checkpoint,
        restore=order.restore is not None,
        log_dir=folder.logs,
        links_per_process=order.links_per_process,
    )
    record = RunRecord(folder.metrics, order.config.task)
    folder.account_with(lambda: _account(folder, order, record))
    with folder, naming_full_disk(order.results):
        with Display(order.config) as display:
            result = engine.run(job, _each(record, display))
        remarks = remarks_on(order.config.task, result.error, chance)
        summary = {**summarize(order.config, order.engine, result, remarks), **record.summary()}
        write_latency(folder.latency, result.hops, result.hop_times_ns)
        folder.write_json(folder.summary.name, summary)
    return summary


def _account(folder: ResultsFolder, order: Order, record: RunRecord) -> Mapping[str, object]:
    """How far a run came that ended early, and what is missing in its folder."""
    missing = []
    if order.restore is None:
        missing += missing_epochs(record.epochs, order.config.training.epochs)
        missing += [] if has_checkpoint(folder.checkpoint) else ["the checkpoint"]
    if record.evaluation is None:
        missing.append("the test error")
    if not folder.summary.is_file():
        missing.append("the serving pass and its latency")
    errors = {} if record.evaluation is None else errors_of(order.config.task, record.evaluation)
    return {"steps_done": record.steps_done, "steps": record.steps, **errors, "missing": missing}


def existing_data_dir(data_dir: Path | None) -> Path | None:
    """A folder with data sets as an absolute path, None for none.

    Raises:
        DataError: it does not exist.
    """
    if data_dir is not None and not data_dir.is_dir():
        raise DataError(
            f"data directory {data_dir} is not a directory that exists (from --data-dir or SPLITWAVE_DATA_DIR); "
            "make it and put the data set's files there, or name none to have them downloaded"
        )
    return None if data_dir is None else data_dir.resolve()


def _each(*observers: Observer) -> Observer:
    def observe(event: Event) -> None:
        for observer in observers:
            observer(event)

    return observe


def _draw(folder: ResultsFolder, task: Task) -> None:
    if folder.latency.exists():  # not so before the serving pass is over
        draw_latency(folder.latency, folder.figures / "latency.png")
    if folder.metrics.exists() and folder.metrics.stat().st_size:  # not so after inference alone
        draw_training(folder.metrics, folder.summary, folder.figures / "training.png", task)
