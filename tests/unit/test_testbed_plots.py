"""Figures and the files they are redrawn from."""

import json
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from common.messages import Int64
from common.results import EpochRecord
from common.task import Classification, Regression, Task
from testbed.metrics import append_epoch, read_epochs, read_latency, write_latency
from testbed.plots import draw_latency, draw_training

TASKS = (Classification(10), Regression(50.0, 28.0))
HOPS = ("encode", "device link", "emulate", "decode")


def record(epoch: int, validation_error: float | None = None, links: int = 2) -> EpochRecord:
    return EpochRecord(
        epoch=epoch,
        step=16 * (epoch + 1),
        distortion=2.0 / (epoch + 1),
        rate_nats=tuple(50.0 + link + epoch / 3 for link in range(links)),
        training_error=0.5 / (epoch + 1),
        validation_error=validation_error,
        samples_per_s=9000.1,
        seconds=0.4,
    )


def png_size(path: Path) -> tuple[int, int]:
    header = path.read_bytes()[:24]
    assert header.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", header[16:])
    return width, height


@pytest.mark.parametrize("task", TASKS, ids=["classes", "times"])
def test_epochs_survive_the_file(task: Task, tmp_path: Path) -> None:
    records = [record(0), record(1, validation_error=0.1)]
    for each in records:
        append_epoch(tmp_path / "metrics.jsonl", each, task)

    assert read_epochs(tmp_path / "metrics.jsonl") == records


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


@pytest.mark.parametrize("validation_error", [None, 0.2])
@pytest.mark.parametrize(("links", "task"), [(1, TASKS[0]), (14, TASKS[0]), (1, TASKS[1])])
def test_a_training_curve_redrawn_from_its_file_is_the_same(
    tmp_path: Path, validation_error: float | None, links: int, task: Task
) -> None:
    for epoch in range(3):
        append_epoch(tmp_path / "metrics.jsonl", record(epoch, validation_error, links), task)

    draw_training(tmp_path / "metrics.jsonl", tmp_path / "first.png", task)
    draw_training(tmp_path / "metrics.jsonl", tmp_path / "second.png", task)

    assert png_size(tmp_path / "first.png") == (1575, 480)
    assert (tmp_path / "first.png").read_bytes() == (tmp_path / "second.png").read_bytes()


def test_a_latency_plot_redrawn_from_its_file_is_the_same(tmp_path: Path) -> None:
    times_ns = np.random.default_rng(0).integers(1, 10**6, size=(40, len(HOPS)))
    write_latency(tmp_path / "latency.csv", HOPS, times_ns)

    draw_latency(tmp_path / "latency.csv", tmp_path / "first.png")
    draw_latency(tmp_path / "latency.csv", tmp_path / "second.png")

    assert png_size(tmp_path / "first.png") == (1200, 390)
    assert (tmp_path / "first.png").read_bytes() == (tmp_path / "second.png").read_bytes()
