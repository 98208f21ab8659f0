"""Live queries above the highest rate: answers, drops and times under both buffers, recorded without a target."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from splitwave.benchmarks.load.live_devices import serving_station
from splitwave.benchmarks.load.live_overflow import FACTOR, MOST_WAITING, Streamed, overflow
from splitwave.benchmarks.load.worker_process import worker_process
from splitwave.benchmarks.readings.percentiles import percentile
from splitwave.benchmarks.readings.report import Report
from splitwave.benchmarks.scope import Bench, short_run
from splitwave.benchmarks.suites.live_model import write_untrained
from splitwave.common.records.model_folder import device_folder
from splitwave.device.application.opening import LinkOptions

LEAST_QUERIES = 512
"""More than a device has under way and waiting, 80, so that a source which is faster overflows."""

Rounds = Sequence[tuple[Streamed, Streamed]]


async def overflow_rounds(bench: Bench, folder: Path, logs: Path) -> Rounds:
    """Measure each repetition with an application process of its own, and one station for all.

    Args:
        bench: the session.
        folder: for the model of one link; it must not have one.
        logs: folder for logs.
    """
    config, model = short_run(1), folder / "one-link"
    samples = write_untrained(config, model, bench.data_dir)
    queries = max(LEAST_QUERIES, bench.scope.rules.min_queries)
    rounds = []
    async with serving_station(model, logs / "overflow-station") as uplink:
        options = LinkOptions(uplink, model / device_folder(0), encoder="onnx", torch_threads=1)
        for _ in range(bench.scope.repetitions):
            async with worker_process() as application:
                rounds.append(await application.run(overflow, options, samples, queries, logs / "overflow.log"))
    return rounds


def add_overflow(report: Report, rounds: Rounds) -> None:
    """Add the readings, the raw samples and the table; a query that was neither answered nor dropped is a fault."""
    blocking, dropping = ([each[side] for each in rounds] for side in range(2))
    for side, streams in (("block", blocking), ("drop_oldest", dropping)):
        for number, each in enumerate(streams):
            report.samples[f"overflow.{side}.{number}.times_ns"] = each.times_ns
            if len(each.times_ns) + each.dropped != each.offered:
                report.faults.append(
                    f"overflow.{side}, repetition {number}: {each.offered} queries: {len(each.times_ns)} answered and "
                    f"{each.dropped} dropped"
                )
        report.add(f"overflow.{side}.offered_rate", "queries/s", [each.offered_per_s for each in streams])
        report.add(f"overflow.{side}.answered_rate", "queries/s", [each.answered_per_s for each in streams])
        report.add(f"overflow.{side}.answered", "queries", [len(each.times_ns) for each in streams])
        report.add(f"overflow.{side}.dropped", "queries", [each.dropped for each in streams])
        report.add(f"overflow.{side}.p99", "ms", [percentile(each.times_ns, 99) / 1e6 for each in streams])
    report.tables.append(_table(blocking, dropping))


def _table(blocking: Sequence[Streamed], dropping: Sequence[Streamed]) -> str:
    """Medians of the repetitions, one line for each buffer."""
    head = (
        f"a source that is faster than its device: 1 link, onnx in the application's process, {MOST_WAITING} waiting\n"
        f"drop-oldest: {FACTOR:g} times as many samples as block answers in the same time; times from the source"
    )
    names = f"{'offered/s':>12}{'answered/s':>12}{'answered':>10}{'dropped':>9}{'p50 ms':>9}{'p99 ms':>9}"
    lines = [_line(name, streams) for name, streams in (("block", blocking), ("drop-oldest", dropping))]
    return "\n".join([head, f"{'buffer':<14}{names}", *lines])


def _line(name: str, streams: Sequence[Streamed]) -> str:
    offered, answered_rate, answered, dropped, p50, p99 = np.median(
        [
            (
                each.offered_per_s,
                each.answered_per_s,
                len(each.times_ns),
                each.dropped,
                percentile(each.times_ns, 50) / 1e6,
                percentile(each.times_ns, 99) / 1e6,
            )
            for each in streams
        ],
        axis=0,
    )
    return f"{name:<14}{offered:>12.0f}{answered_rate:>12.0f}{answered:>10.0f}{dropped:>9.0f}{p50:>9.2f}{p99:>9.2f}"
