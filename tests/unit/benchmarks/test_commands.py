"""`splitwave bench` takes several benchmarks as one run, and refuses names before it measures."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from splitwave.benchmarks.commands import bench_app
from splitwave.common.exit_codes import ExitCode


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["wire", "nothing"], "nothing: expected latency, throughput, training"),
        (["wire", "training", "wire"], "wire: named twice, or part of all"),
        (["all", "wire"], "wire: named twice, or part of all"),
    ],
)
def test_a_name_that_does_not_fit_is_refused_before_anything_is_measured(
    arguments: list[str], error: str, tmp_path: Path
) -> None:
    outcome = CliRunner().invoke(bench_app, [*arguments, "--results", str(tmp_path)])
    assert outcome.exit_code == ExitCode.CONFIG
    assert error in outcome.stderr
    assert not list(tmp_path.iterdir())


def test_one_benchmark_is_a_run_with_its_result(tmp_path: Path) -> None:
    outcome = CliRunner().invoke(bench_app, ["wire", "--quick", "--results", str(tmp_path), "--json", f"{tmp_path}/a"])
    assert outcome.exit_code == ExitCode.OK, outcome.output
    assert "wire" in json.dumps(json.loads((tmp_path / "a").read_bytes()))
