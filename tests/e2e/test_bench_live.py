"""`splitwave bench live --quick` measures live queries on all sides over real processes."""

import json
from pathlib import Path

import numpy as np
import pytest

from splitwave.benchmarks.load.live_overflow import FACTOR
from splitwave.benchmarks.readings.live_times import LIVE_HOPS
from splitwave.benchmarks.scope import QUICK
from splitwave.benchmarks.suites.live_overflow import LEAST_QUERIES
from splitwave.benchmarks.suites.live_sides import KINDS, PYTHON, SOCKET
from tests.installed_command import output_of

pytestmark = pytest.mark.e2e

SIDES = [f"{kind}.{way}" for kind in KINDS for way in (SOCKET, PYTHON)]


def test_live_queries_are_measured_with_and_without_torch_and_their_hops_add_up(tmp_path: Path) -> None:
    output = output_of("bench", "live", "--quick", "--json", tmp_path / "live.json", "--results", tmp_path)
    (content,) = json.loads((tmp_path / "live.json").read_text(encoding="utf-8"))["benchmarks"]
    assert content["faults"] == []
    readings = {each["name"].removeprefix("live."): each["value"] for each in content["readings"]}
    for side in ("passes", *SIDES):
        assert 0 < readings[f"{side}.p50"] <= readings[f"{side}.p99"]
    assert 0 < readings["onnx.device.resident"] < readings["torch.device.resident"]
    assert readings["onnx.device.to_ready"] > 0
    assert readings["overflow.block.dropped"] == 0 < readings["overflow.drop_oldest.dropped"]
    answered, dropped = (readings[f"overflow.drop_oldest.{what}"] for what in ("answered", "dropped"))
    assert answered + dropped == FACTOR * readings["overflow.block.answered"] == FACTOR * LEAST_QUERIES
    assert all(readings[f"overflow.{side}.p99"] > 0 for side in ("block", "drop_oldest"))
    assert content["configs"]["passes"] == content["configs"]["model"]
    assert "through the Unix socket of a device, beside serving passes" in output
    assert "a source that is faster than its device" in output
    assert "in the application's own process, beside serving passes" in output
    (results,) = (tmp_path / "bench").iterdir()
    with np.load(results / "samples.npz") as samples:
        for side in SIDES:
            hops, called, answered = (samples[f"live.{side}.0.{what}_ns"] for what in ("hops", "called", "answered"))
            assert hops.shape[1] >= QUICK.rules.min_queries
            assert hops.shape == (2, hops.shape[1], len(LIVE_HOPS))
            assert np.array_equal(hops.sum(axis=2), answered - called)
            assert (called[:, 1:] >= answered[:, :-1]).all()
    assert (results / "figs" / "live-hops.csv").stat().st_size > 0
