"""What distribution costs a training step: the process engine over one process, and whether their weights agree."""

import shutil
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

_LINKS, _TRAINING_SAMPLES = 2, 4000


@dataclass(frozen=True, slots=True)
class Training:
    """What one run gave: seconds a step in each epoch but the first, and the digest of all weights."""

    step_s: tuple[float, ...]
    weights_sha256: str

    @property
    def median_step_s(self) -> float:
        """Of the epochs."""
        return sorted(self.step_s)[len(self.step_s) // 2]


async def training(bench: Bench) -> Report:
    """Time a step on the process engine and in one process with 1 and 2 threads, in turn, by batch size."""
    report = Report("training", {"links": _LINKS, "epochs": {str(b): n for b, n in bench.scope.epochs.items()}})
    async with worker_process() as distributed, worker_process() as one_thread, worker_process() as two_threads:
        for batch, epochs in bench.scope.epochs.items():
            runs = {
                "process": _side(distributed, "process", _settings(batch, epochs, threads=1), bench),
                "inprocess_1_thread": _side(one_thread, "inprocess", _settings(batch, epochs, threads=1), bench),
                "inprocess_2_threads": _side(two_threads, "inprocess", _settings(batch, epochs, threads=2), bench),
            }
            _read(report, f"b{batch}", await alternate(runs, bench.scope.repetitions))
    return report


def _side(worker: WorkerProcess, engine: str, config: RunConfig, bench: Bench) -> Side[Training]:
    return partial(worker.run, run_engine, engine, config.canonical_json(), bench.folder, bench.data_dir)


def _settings(batch: int, epochs: int, *, threads: int) -> RunConfig:
    return RunConfig.model_validate(
        {
            "links": _LINKS,
            "training": {"batch_size": batch, "epochs": epochs},
            "inference": {"latency_samples": 1},
            "runtime": {"torch_threads": threads},
        }
    )


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
    report.add_ratio(f"{case}.over_inprocess_1_thread", step_s["process"], step_s["inprocess_1_thread"])
    pairs = zip(runs["process"], runs["inprocess_1_thread"], strict=True)
    report.add(f"{case}.same_weights", "1 = to the bit", [a.weights_sha256 == b.weights_sha256 for a, b in pairs])
    report.problems += [f"{case}: {side} reported a single epoch" for side, done in runs.items() if not done[0].step_s]
