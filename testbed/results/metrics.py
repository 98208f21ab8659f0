"""The files that figures are redrawn from: `metrics.jsonl`, an epoch a line, `summary.json` and `figs/latency.csv`."""

import csv
import json
import os
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import numpy as np

from splitwave.common.files.whole_file import whole_file
from splitwave.common.protocol.arrays import Int64
from splitwave.common.records.results import EpochRecord
from splitwave.common.tasks.task import Task
from splitwave.testbed.terminal.wording import ATTRIBUTES, wording_of


def append_epoch(path: Path, record: EpochRecord, task: Task) -> None:
    """Add an epoch to `metrics.jsonl`, in the names of the run's task."""
    keys = wording_of(task).keys
    fields = {keys.get(name, name): value for name, value in asdict(record).items()}
    before = path.stat().st_size if path.exists() else 0
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(fields) + "\n")
    except OSError:  # the epochs before it stay readable without half a line
        with suppress(OSError):
            os.truncate(path, before)
        raise


def read_epochs(path: Path) -> list[EpochRecord]:
    """All epochs of a `metrics.jsonl`, of whatever task."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [_record(json.loads(line)) for line in lines]


def read_test_error(summary: Path, task: Task) -> float | None:
    """Mean error on the test split with hard symbols, of a `summary.json`; None if there is no such file."""
    if not summary.is_file():
        return None
    fields = json.loads(summary.read_text(encoding="utf-8"))
    return float(fields[wording_of(task).test_key])


def write_latency(path: Path, hops: tuple[str, ...], hop_times_ns: Int64) -> None:
    """Write a CSV with a column a hop and a row a single sample.

    Args:
        path: of the file.
        hops: names of the columns.
        hop_times_ns: (samples, hops) int64 nanoseconds.
    """
    with whole_file(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([f"{hop}_ns" for hop in hops])
        writer.writerows(hop_times_ns.tolist())


def read_latency(path: Path) -> tuple[tuple[str, ...], Int64]:
    """Names of the hops, and (samples, hops) int64 nanoseconds, as `write_latency` took them."""
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    times = np.array(rows, dtype=np.int64).reshape(len(rows), len(header))
    return tuple(column.removesuffix("_ns") for column in header), times


def _record(fields: dict[str, object]) -> EpochRecord:
    rate_nats = fields.pop("rate_nats")
    assert isinstance(rate_nats, list)
    named = {ATTRIBUTES.get(key, key): value for key, value in fields.items()}
    return EpochRecord(rate_nats=tuple(rate_nats), **named)  # type: ignore[arg-type]
