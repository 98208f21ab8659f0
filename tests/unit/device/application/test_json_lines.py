"""Lines of JSON as a source: samples with or without names, whole and of a limited length."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from splitwave.device.application.sample import Sample, SampleError
from splitwave.device.application.sources.json_lines import json_samples
from tests.unit.device.application.pixels import PIXELS, pixels_of


def test_lines_of_json_are_samples_with_or_without_names(tmp_path: Path) -> None:
    lines = [
        json.dumps(PIXELS.tolist()),
        "",
        json.dumps({"x": [0.5] * 10, "stream": 3, "sequence": 2**40, "captured_ns": None}),
        "[1, 2",
        '{"x": [1, "a"]}',
        "[[1], [1, 2]]",
        '{"x": [1], "seq": 1}',
        "7",
        json.dumps({"x": [1] * 10, "captured_ns": 5}),
    ]
    path = tmp_path / "lines"
    path.write_text("\n".join(lines))
    with path.open("rb") as file:
        items = list(json_samples(file.fileno()))
    samples = [item for item in items if isinstance(item, Sample)]
    assert [(each.stream, each.sequence, each.captured_ns) for each in samples] == [
        (None, None, None),
        (3, 2**40, None),
        (None, None, 5),
    ]
    assert np.asarray(samples[0].x).shape == (2, 5)
    errors = [str(item) for item in items if isinstance(item, SampleError)]
    assert [error.partition(":")[0] for error in errors] == [f"line {number}" for number in (4, 5, 6, 7, 8)]


def test_lines_arrive_whole_however_they_are_cut() -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb"), os.fdopen(writing, "wb", buffering=0) as feed:
        items = json_samples(reading)
        feed.write(b"[1, 2]\n[3,")
        assert pixels_of([next(items)]) == [[1, 2]]
        feed.write(b" 4]\n")
        assert pixels_of([next(items)]) == [[3, 4]]
        feed.write(b"[5]")
        feed.close()
        assert pixels_of(items) == [[5]]


def test_a_line_without_an_end_is_refused_and_takes_no_more_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("splitwave.device.application.sources.json_lines._LONGEST_LINE_BYTES", 20)
    path = tmp_path / "lines"
    path.write_text("[" + "1, " * 100_000 + "1]\n[2]\n")
    with path.open("rb") as file:
        error, sample = json_samples(file.fileno())
    assert isinstance(error, SampleError)
    assert "more than 20 bytes" in str(error)
    assert pixels_of([sample]) == [[2]]
