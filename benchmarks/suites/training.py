"""The cost of distribution in a training step: the process engine relative to one process, with equal weights."""

import os
import shutil
import statistics
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from splitwave.benchmarks.load.worker_process import WorkerProcess, worker_process
from splitwave.benchmarks.machine.processes import cpu_s
from splitwave.benchmarks.readings.alternation import Side, alternate
from splitwave.benchmarks.readings.report import Report
from splitwave.benchmarks.scope import Bench
from splitwave.common.config.run_config import RunConfig
from splitwave.common.records.results import EpochRecord
from splitwave.testbed.engine import Event, Job, load_engine
from splitwave.testbed.processes.announcement import read_announcement

_LINKS = 2
_SAME_SETTINGS = {"process": "inprocess_sharded", "process_1_thread": "inprocess_1_thread"}
"""For each side on the process engine the side in one process that must have the same weights."""


@dataclass(frozen=True, slots=True)
class Training:
    """The measurements of one training.

    Attributes:
        step_s: seconds per step in each epoch except the first.
        cpu_step_s: processor seconds per step in those epochs, by the role of the process.
        weights_sha256: the digest of all weights.
    """

    step_s: tuple[float, ...]
    cpu_step_s: Mapping[str, float]
    weights_sha256: str

    @property
    def median_step_s(self) -> float:
        """Median over the epochs of the seconds per step."""
        return statistics.median(self.step_s)


async def training(bench: Bench) -> Report:
    """Time a step on the process engine and in one process with 1 and 2 threads, alternately, for each batch size."""
    epochs = bench.scope.epochs
    report = bench.begin("training", {"links": _LINKS, "epochs": {str(b): n for b, n in epochs.items()}})
    async with worker_process() as distributed, worker_process() as one_thread, worker_process() as two_threads:
        for batch in epochs:
            side = partial(_side, bench, report, batch)
            runs = {
                "process": side("process", distributed, threads=1, decoder_shards=2),
                "process_1_thread": side("process_1_thread", distributed, threads=1),
                "inprocess_sharded": side("inprocess_sharded", one_thread, threads=1, decoder_shards=2),
                "inprocess_1_thread": side("inprocess_1_thread", one_thread, threads=1),
                "inprocess_2_threads": side("inprocess_2_threads", two_threads, threads=2),
            }
            done = await alternate(runs, bench.scope.trainings)
            _add_readings(report, f"b{batch}", done)
            compare_weights(
                report, f"b{batch}", {name: [run.weights_sha256 for run in each] for name, each in done.items()}
            )
    return report


def _side(
    bench: Bench,
    report: Report,
    batch: int,
    name: str,
    worker: WorkerProcess,
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
    report.record_config(f"b{batch}.{name}", config)
    engine = name.partition("_")[0]
    return partial(worker.run, run_engine, engine, config.canonical_json(), bench.folder, bench.data_dir)


def run_engine(engine: str, config_json: str, folder: Path, data_dir: Path | None) -> Training:
    """Train on an engine; must be called in a process's main thread."""
    records: list[EpochRecord] = []
    used_s: list[dict[str, float]] = []
    scratch = Path(tempfile.mkdtemp(dir=folder))

    def observe(event: Event) -> None:
        if isinstance(event, EpochRecord):
            records.append(event)
            used_s.append({role: cpu_s(pid) for role, pid in _pids(scratch).items()})

    try:
        config = RunConfig.model_validate_json(config_json)
        job = Job(config, data_dir, checkpoint_dir=scratch / "ckpt", restore=False, log_dir=scratch)
        job.checkpoint_dir.mkdir()
        result = load_engine(engine).run(job, observe)
    finally:
        shutil.rmtree(scratch)
    steps, measured = records[0].step, records[-1].step - records[0].step
    cpu_step_s = {role: (used_s[-1][role] - used_s[0][role]) / max(measured, 1) for role in used_s[0]}
    return Training(tuple(record.seconds / steps for record in records[1:]), cpu_step_s, result.weights_sha256)


def _pids(log_dir: Path) -> Mapping[str, int]:
    """Return process ids by role: those announced by the process engine, or this process for the in-process engine."""
    announced = read_announcement(log_dir)
    return {"splitwave": os.getpid()} if announced is None else announced.pids


def _add_readings(report: Report, case: str, runs: Mapping[str, Sequence[Training]]) -> None:
    step_s = {side: [run.median_step_s for run in done] for side, done in runs.items()}
    for side, seconds in step_s.items():
        report.add(f"{case}.{side}", "ms a step", [1e3 * each for each in seconds])
        for role in runs[side][0].cpu_step_s:
            used = [1e3 * run.cpu_step_s[role] for run in runs[side]]
            report.add(f"{case}.{side}.cpu.{role}", "CPU ms a step", used)
    fastest = [min(each) for each in zip(*(step_s[side] for side in step_s if side.startswith("in")), strict=True)]
    report.add_ratio(f"{case}.over_inprocess_2_threads", step_s["process"], step_s["inprocess_2_threads"])
    report.add_ratio(f"{case}.over_fastest_inprocess", step_s["process"], fastest)
    report.add_ratio(f"{case}.over_inprocess_sharded", step_s["process"], step_s["inprocess_sharded"])
    report.add_ratio(f"{case}.over_inprocess_1_thread", step_s["process_1_thread"], step_s["inprocess_1_thread"])
    report.faults += [f"{case}: {side} reported a single epoch" for side, done in runs.items() if not done[0].step_s]


def compare_weights(report: Report, case: str, digests: Mapping[str, Sequence[str]]) -> None:
    """Check that each side on the process engine has the weights of one process; the reading is 1 if all of them do.

    Args:
        report: the report, which gets the readings, and a fault for each mismatch.
        case: name of the case.
        digests: digests of the weights, by side, one per repetition.
    """
    for side, reference in _SAME_SETTINGS.items():
        expected = digests[reference][0]
        mismatches = [
            f"{case}: {name}, repetition {number}: weights {digest[:12]}, expected {expected[:12]} from {reference}"
            for name in (reference, side)
            for number, digest in enumerate(digests[name])
            if digest != expected
        ]
        report.add(f"{case}.{side}.same_weights", "1 = to the bit", [not mismatches])
        report.faults += mismatches
