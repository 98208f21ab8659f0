"""Measures the cost of checkpoints in a training step: `python -m splitwave.benchmarks.checkpoints`.

A training with checkpoints and one without take turns (A B, B A, …), so that changes in the load of the machine affect
both. The step time is the mean over all epochs but the first, so that it includes whatever a checkpoint stalls; the
ratio is computed for each round. The weights of both must be equal. The target is a ratio of at most 1.03 with the
process engine, whose parties talk over gRPC; quote it only if other programs kept next to no processor busy.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from splitwave.benchmarks.machine.machine_share import cores_of_others, machine_times
from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import RunFailedError
from splitwave.common.records.results import EpochRecord
from splitwave.common.runtime.number_options import whole_number
from splitwave.common.runtime.process import run_tool
from splitwave.testbed.engine import Checkpointing, Event, Job, load_engine

_MOST = 1_000_000


def main(arguments: Sequence[str] | None = None) -> None:
    """Time both in turn on each engine, and print medians and the ratios of all rounds.

    Raises:
        RunFailedError: the weights differ.
    """
    options = _parse(arguments)
    settings = {"batch_size": options.batch, "epochs": options.epochs}
    config = RunConfig.model_validate({"links": 2, "training": settings, "inference": {"latency_samples": 1}})
    print(
        f"K = {config.links}, d = {config.encoder.dimension}, {config.encoder.backbone}, B = {options.batch}, "
        f"{options.epochs} epochs, {options.rounds} rounds, {os.cpu_count()} processors"
    )
    for engine in options.engine:
        started, before = time.monotonic(), machine_times()
        without, kept = _alternate(engine, config, options.every, options.rounds)
        others = cores_of_others(before, machine_times(), time.monotonic() - started)
        ratios = [mine / other for mine, other in zip(kept, without, strict=True)]
        print(
            f"{engine:10} without {_ms(without)}  every {options.every} steps {_ms(kept)}  "
            f"ratio {statistics.median(ratios):.3f} ({min(ratios):.3f} to {max(ratios):.3f}); "
            f"other programs kept {others:.2f} processors busy",
            flush=True,
        )


def _alternate(engine: str, config: RunConfig, every: int, rounds: int) -> tuple[list[float], list[float]]:
    """The seconds per step of all rounds, without and with checkpoints."""
    times: dict[int, list[float]] = {0: [], every: []}
    digests: set[str] = set()
    for number in range(rounds):
        for interval in sorted(times, reverse=number % 2 == 1):
            step_s, digest = _train(engine, config, interval)
            times[interval].append(step_s)
            digests.add(digest)
    if len(digests) > 1:
        raise RunFailedError(f"{engine}: trainings with and without checkpoints have different weights")
    return times[0], times[every]


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m splitwave.benchmarks.checkpoints", description=__doc__)
    parser.add_argument("--engine", nargs="+", default=["process", "inprocess"], help="engines that train")
    parser.add_argument("--batch", type=whole_number(1, 4000), default=256, help="samples per step")
    parser.add_argument("--epochs", type=whole_number(2, _MOST), default=26, help="epochs of each training")
    parser.add_argument("--every", type=whole_number(1, _MOST), default=50, help="steps between checkpoints")
    parser.add_argument("--rounds", type=whole_number(1, _MOST), default=5, help="trainings of each kind")
    return parser.parse_args(arguments)


def _train(engine: str, config: RunConfig, every: int) -> tuple[float, str]:
    """The mean seconds per step, and the digest of the weights."""
    records: list[EpochRecord] = []

    def observe(event: Event) -> None:
        if isinstance(event, EpochRecord):
            records.append(event)

    with tempfile.TemporaryDirectory(dir=Path.cwd()) as scratch:
        folder = Path(scratch)
        job = Job(config, None, folder / "ckpt", False, folder, checkpoints=Checkpointing(every))
        job.checkpoint_dir.mkdir()
        result = load_engine(engine).run(job, observe)
    steps = records[-1].step - records[0].step
    return sum(record.seconds for record in records[1:]) / steps, result.weights_sha256


def _ms(seconds: Sequence[float]) -> str:
    return f"{statistics.median(seconds) * 1e3:.2f} ms"


if __name__ == "__main__":
    sys.exit(run_tool(main))
