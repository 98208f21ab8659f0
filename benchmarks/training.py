"""What distribution costs a training step: the process engine over one process, and whether their weights agree."""

import shutil
import statistics
import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.report import Report
from benchmarks.rounds import Side, alternate
from benchmarks.scope import Bench
from benchmarks.worker_process import WorkerProcess, worker_process
from common.config import RunConfig
from common.results import EpochRecord
from testbed.engine import Event, Job, load_engine

_LINKS = 2


@dataclass(frozen=True, slots=True)
class Training:
    """What one run gave: seconds a step in each epoch but the first, and the digest of all weights."""

    step_s: tuple[float, ...]
    weights_sha256: str

    @property
    def median_step_s(self) -> float:
        """Of the epochs."""
        return statistics.median(self.step_s)


async def training(bench: Bench) -> Report:
    """Time a step on the process engine and in one process with 1 and 2 threads, in turn, by batch size."""
    epochs = bench.scope.epochs
    report = bench.begin("training", {"links": _LINKS, "epochs": {str(b): n for b, n in epochs.items()}})
    async with worker_process() as distributed, worker_process() as one_thread, worker_process() as two_threads:
        for batch in epochs:
            side = partial(_side, bench, batch)
            runs = {
                "process": side(distributed, "process", threads=1, decoder_shards=2),
                "process_1_thread": side(distributed, "process", threads=1),
                "inprocess_1_thread": side(one_thread, "inprocess", threads=1),
                "inprocess_2_threads": side(two_threads, "inprocess", threads=2),
            }
            done = await alternate(runs, bench.scope.repetitions)
            oracle = await side(one_thread, "inprocess", threads=1, decoder_shards=2)()
            _read(report, f"b{batch}", done)
            for name, expected in (("process", oracle), ("process_1_thread", done["inprocess_1_thread"][0])):
                same = [run.weights_sha256 == expected.weights_sha256 for run in done[name]]
                report.add(f"b{batch}.{name}.same_weights", "1 = to the bit", same)
    return report


def _side(
    bench: Bench,
    batch: int,
    worker: WorkerProcess,
    engine: str,
    *,
    threads: int,
    decoder_shards: int = 1,
) -> Side[Training]:
    config = RunConfig.model_validate(
        {
            "links": _LINKS,
            "training": {"batch_size": batch, "epochs": bench.scope.epochs[batch]},
            "inference": {"latency_samples": 1},
            "runtime": {"torch_threads": threads, "decoder_shards": decoder_shards},
        }
    )
    return partial(worker.run, run_engine, engine, config.canonical_json(), bench.folder, bench.data_dir)


def run_engine(engine: str, config_json: str, folder: Path, data_dir: Path | None) -> Training:
    """Train on an engine; to be run in a process's main thread."""
    records: list[EpochRecord] = []

    def observe(event: Event) -> None:
        if isinstance(event, EpochRecord):
            records.append(event)

    scratch = Path(tempfile.mkdtemp(dir=folder))
    try:
        config = RunConfig.model_validate_json(config_json)
        job = Job(config, data_dir, checkpoint_dir=scratch / "ckpt", restore=False, log_dir=scratch)
        job.checkpoint_dir.mkdir()
        result = load_engine(engine).run(job, observe)
    finally:
        shutil.rmtree(scratch)
    steps = records[0].step
    return Training(tuple(record.seconds / steps for record in records[1:]), result.weights_sha256)


def _read(report: Report, case: str, runs: dict[str, list[Training]]) -> None:
    step_s = {side: [run.median_step_s for run in done] for side, done in runs.items()}
    for side, seconds in step_s.items():
        report.add(f"{case}.{side}", "ms a step", [1e3 * each for each in seconds])
    report.add_ratio(f"{case}.over_inprocess_2_threads", step_s["process"], step_s["inprocess_2_threads"])
    report.add_ratio(f"{case}.over_inprocess_1_thread", step_s["process_1_thread"], step_s["inprocess_1_thread"])
    report.problems += [f"{case}: {side} reported a single epoch" for side, done in runs.items() if not done[0].step_s]
