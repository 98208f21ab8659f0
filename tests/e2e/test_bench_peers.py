"""`splitwave bench peers --quick` measures every side that this environment can run, and none of them fails."""

import json
from pathlib import Path

import pytest

from splitwave.benchmarks.peers.ray_actors import ray_is_installed
from splitwave.benchmarks.readings.targets import TARGETS
from splitwave.benchmarks.suites.peers import WITHOUT_RAY
from tests.installed_command import ENVIRONMENT, output_of

pytestmark = pytest.mark.e2e


def test_all_sides_are_measured_in_one_table(tmp_path: Path) -> None:
    file = tmp_path / "result.json"
    # Two spinning threads on two busy cores would take twenty times as long.
    passive = {**ENVIRONMENT, "OMP_WAIT_POLICY": "PASSIVE"}
    output = output_of("bench", "peers", "--quick", "--json", file, "--results", tmp_path, env=passive)
    (report,) = json.loads(file.read_text())["benchmarks"]
    assert report["faults"] == []
    names = {reading["name"] for reading in report["readings"]}
    missing = {name for name in TARGETS if name.startswith("peers.")} - names
    assert missing == (set() if ray_is_installed() else {name for name in TARGETS if name.endswith("over_ray")})
    assert (WITHOUT_RAY in output) is not ray_is_installed()
    (table,) = report["tables"]
    assert table in output
    assert len(table.splitlines()) == (2 + 10 if ray_is_installed() else 2 + 9 + 1)
    assert all(reading["value"] > 0 for reading in report["readings"])
