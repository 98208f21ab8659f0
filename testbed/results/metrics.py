"""Reads and writes the files from which figures are redrawn: `metrics.jsonl`, `summary.json` and `figs/latency.csv`."""

import csv
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import numpy as np

from splitwave.common.files.whole_file import whole_file
from splitwave.common.protocol.arrays import Int64
from splitwave.common.records.results import EpochRecord
from splitwave.common.tasks.task import Task


def append_epoch(path: Path, record: EpochRecord, task: Task) -> None:
    """Append an epoch to `metrics.jsonl` as one line, with the keys of the run's task."""
    keys = task.wording.metrics_keys
    fields = {keys.get(name, name): value for name, value in asdict(record).items()}
    before = path.stat().st_size if path.exists() else 0
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(fields) + "\n")
    except OSError:  # remove the partial line, so that the earlier epochs stay readable
        with suppress(OSError):
            os.truncate(path, before)
        raise


def keep_epochs(path: Path, epochs: int) -> None:
    """Remove all but the first lines of `metrics.jsonl`, because the epochs after them are measured again."""
    if not epochs:
        path.unlink(missing_ok=True)
        return
    with path.open("rb+") as file:
        for _ in range(epochs):
            file.readline()
        file.truncate(file.tell())


def read_epochs(path: Path, task: Task) -> list[EpochRecord]:
    """Read all epochs of a `metrics.jsonl` of a run with this task."""
    attributes = {key: attribute for attribute, key in task.wording.metrics_keys.items()}
    lines = path.read_text(encoding="utf-8").splitlines()
    return [_record(json.loads(line), attributes) for line in lines]


def read_test_error(summary: Path, task: Task) -> float | None:
    """Read the mean test error with hard symbols from a `summary.json`; None if the file is missing."""
    if not summary.is_file():
        return None
    fields = json.loads(summary.read_text(encoding="utf-8"))
    return float(fields[task.wording.error_key])


def write_latency(path: Path, hops: tuple[str, ...], hop_times_ns: Int64) -> None:
    """Write a CSV with one column for each hop and one row for each sample.

    Args:
        path: the file to write.
        hops: names of the hops; the columns are these with the suffix `_ns`.
        hop_times_ns: (samples, hops) int64 nanoseconds.
    """
    with whole_file(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([f"{hop}_ns" for hop in hops])
        writer.writerows(hop_times_ns.tolist())


def read_latency(path: Path) -> tuple[tuple[str, ...], Int64]:
    """Read the names of the hops, and (samples, hops) int64 nanoseconds, as written by `write_latency`."""
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    times = np.array(rows, dtype=np.int64).reshape(len(rows), len(header))
    return tuple(column.removesuffix("_ns") for column in header), times


def _record(fields: dict[str, object], attributes: Mapping[str, str]) -> EpochRecord:
    rate_nats = fields.pop("rate_nats")
    assert isinstance(rate_nats, list)
    named = {attributes.get(key, key): value for key, value in fields.items()}
    return EpochRecord(rate_nats=tuple(rate_nats), **named)  # type: ignore[arg-type]
