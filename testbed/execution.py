"""From settings to a results folder: run an engine, record what it reports, draw the figures."""

from dataclasses import dataclass
from pathlib import Path

from common.config import RunConfig
from common.errors import DataError
from common.summary import summarize
from common.task import Task
from testbed.display import Display
from testbed.engine import Event, Job, Observer, load_engine
from testbed.metrics import write_latency
from testbed.plots import draw_latency, draw_training
from testbed.reporting import print_summary
from testbed.results_folder import ResultsFolder
from testbed.run_record import RunRecord


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
    """Carry an order out, show how it goes, and leave a complete results folder or none.

    Raises:
        SplitwaveError: what the engine or the order's own settings raise.
    """
    engine = load_engine(order.engine)
    data_dir = existing_data_dir(order.data_dir)
    with ResultsFolder(order.results, order.what, order.config, data_dir) as folder:
        job = Job(
            config=order.config,
            data_dir=data_dir,
            checkpoint_dir=order.restore or folder.checkpoint,
            restore=order.restore is not None,
            log_dir=folder.logs,
            links_per_process=order.links_per_process,
        )
        record = RunRecord(folder.metrics, order.config.task)
        with Display(order.config) as display:
            result = engine.run(job, _each(record, display))
        summary = {**summarize(order.config, order.engine, result), **record.summary()}
        folder.write_json("summary.json", summary)
        write_latency(folder.latency, result.hops, result.hop_times_ns)
    # The result is published: nothing that happens from here on takes it back.
    print_summary(summary, folder.path)
    _draw(folder, order.config.task)
    return folder.path


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
    draw_latency(folder.latency, folder.figures / "latency.png")
    if folder.metrics.exists():  # not so after inference alone
        draw_training(folder.metrics, folder.figures / "training.png", task)
