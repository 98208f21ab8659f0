"""The files from which figures are redrawn."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from splitwave.common.protocol.arrays import Int64
from splitwave.common.tasks.task import Task
from splitwave.testbed.results.metrics import append_epoch, read_epochs, read_latency, write_latency
from tests.unit.testbed.figures.test_plots import HOPS, TASKS, record


@pytest.mark.parametrize("task", TASKS, ids=["classes", "times"])
def test_epochs_survive_the_file(task: Task, tmp_path: Path) -> None:
    records = [record(0), record(1, validation_error=0.1)]
    for each in records:
        append_epoch(tmp_path / "metrics.jsonl", each, task)

    assert read_epochs(tmp_path / "metrics.jsonl", task) == records


@pytest.mark.parametrize(
    ("task", "keys"),
    [
        (TASKS[0], ["cross_entropy", "rate_nats", "training_error", "validation_error"]),
        (TASKS[1], ["squared_error", "rate_nats", "training_mse_ns2", "validation_mse_ns2"]),
    ],
    ids=["classes", "times"],
)
def test_the_file_says_what_its_errors_are(task: Task, keys: list[str], tmp_path: Path) -> None:
    append_epoch(tmp_path / "metrics.jsonl", record(0), task)

    line = json.loads((tmp_path / "metrics.jsonl").read_text())
    assert list(line) == ["epoch", "step", *keys, "samples_per_s", "seconds"]


@given(arrays(np.int64, array_shapes(min_dims=2, max_dims=2), elements=st.integers(0, 2**62)))
def test_latencies_survive_the_file(tmp_path_factory: pytest.TempPathFactory, times_ns: Int64) -> None:
    path = tmp_path_factory.mktemp("csv") / "latency.csv"
    hops = tuple(f"hop {column}" for column in range(times_ns.shape[1]))

    write_latency(path, hops, times_ns)

    back_hops, back_times = read_latency(path)
    assert back_hops == hops
    np.testing.assert_array_equal(back_times, times_ns)


def test_a_latency_row_is_a_sample_with_its_units_in_the_header(tmp_path: Path) -> None:
    write_latency(tmp_path / "latency.csv", HOPS[:2], np.array([[1, 2], [3, 4]], dtype=np.int64))

    assert (tmp_path / "latency.csv").read_text() == "encode_ns,device link_ns\n1,2\n3,4\n"
