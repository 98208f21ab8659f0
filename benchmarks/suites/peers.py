"""Splitwave beside programs for the same job as researchers write them by hand, measured alternately."""

from functools import partial

from splitwave.benchmarks.load.load_pass import LoadPass, record_passes
from splitwave.benchmarks.peers.job import PeerJob
from splitwave.benchmarks.peers.ray_actors import ray_is_installed
from splitwave.benchmarks.readings.alternation import Side, alternate
from splitwave.benchmarks.readings.peer_table import (
    OUR_ONE_PROCESS,
    OUR_SHARDS,
    OURS,
    QUERIES,
    SideTimes,
    add_peer_readings,
    peer_table,
)
from splitwave.benchmarks.readings.report import Report
from splitwave.benchmarks.scope import Bench, short_run
from splitwave.benchmarks.suites.peer_sides import peer_sides, with_runtime
from splitwave.common.config.run_config import RunConfig
from splitwave.common.data.catalog import load_labels

_LINKS = 2
_EPOCHS = {64: 5, 256: 10, 1024: 29}
"""Epochs by batch size: at least 100 steps after the first epoch, which is a warm-up."""
_QUICK_EPOCHS = dict.fromkeys(_EPOCHS, 2)
WITHOUT_RAY = "ray: not measured, because Ray is not installed: pip install 'splitwave[peers]'"


async def peers(bench: Bench) -> Report:
    """Time a training step and a single sample of all sides; a competitor that fails is a fault of the report."""
    epochs = _QUICK_EPOCHS if bench.scope.quick else _EPOCHS
    report = bench.begin("peers", {"links": _LINKS, "epochs": {str(b): n for b, n in epochs.items()}})
    job = make_job(bench, epochs)
    _record_configs(report, job)
    passes: list[LoadPass] = []
    async with peer_sides(bench, job, passes) as sides:
        each = {name: partial(watched, report, name, side) for name, side in sides.items()}
        outcomes = await alternate(each, bench.scope.trainings)
    add_peer_readings(report, outcomes)
    record_passes(report, QUERIES, passes, bench.scope.rules)
    report.tables.append("\n".join([peer_table(outcomes), *([] if ray_is_installed() else [WITHOUT_RAY])]))
    return report


def make_job(bench: Bench, epochs: dict[int, int]) -> PeerJob:
    """The job of all competitors: Table I on the embedded digits, one training for each batch size."""
    trainings = tuple(_training(batch, number) for batch, number in epochs.items())
    choice = trainings[0].data.choice
    train, test = (len(load_labels(choice, split, bench.data_dir)) for split in ("train", "test"))
    serving = short_run(1, block_size=1)
    return PeerJob(trainings, serving, bench.scope.floor_queries, (train, test), bench.data_dir)


def _training(batch: int, epochs: int) -> RunConfig:
    return RunConfig.model_validate(
        {
            "links": _LINKS,
            "training": {"batch_size": batch, "epochs": epochs},
            "inference": {"latency_samples": 1},
        }
    )


def _record_configs(report: Report, job: PeerJob) -> None:
    for config in job.trainings:
        case = f"b{config.training.batch_size}"
        report.record_config(f"{case}.{OURS}", config)
        report.record_config(f"{case}.{OUR_SHARDS}", with_runtime(config, decoder_shards=2))
        report.record_config(f"{case}.{OUR_ONE_PROCESS}", with_runtime(config, threads=2))
    report.record_config(QUERIES, short_run(1))


async def watched(report: Report, name: str, side: Side[SideTimes]) -> SideTimes | None:
    """Measure a side; if it fails, note why and go on with the others."""
    try:
        return await side()
    except Exception as error:  # a competitor may raise anything
        report.faults.append(f"{name} failed: {type(error).__name__}: {error}")
        return None
