"""The table of benchmarks has the numbers of the published file."""

import json
import subprocess
import sys
from pathlib import Path

from splitwave.benchmarks.readings.targets import TARGETS
from tools.marked_block import block_in
from tools.paths import ROOT
from tools.publish_bench import BENCH, BLOCK, PAGE, bench_table

RESULT = json.loads((BENCH / "result.json").read_text())


def test_the_table_has_the_numbers_of_the_published_file() -> None:
    assert block_in(PAGE.read_text(), BLOCK) == bench_table(RESULT)


def test_the_published_result_is_a_whole_run_of_a_commit() -> None:
    assert RESULT["validity"] == "VALID"
    assert RESULT["environment"]["dirty"] is False
    assert len(RESULT["environment"]["commit"]) == 40
    assert not RESULT["scope"]["quick"]
    assert RESULT["scope"]["repetitions"] >= 5


def test_every_target_has_a_reading_and_the_verdict_that_follows_from_it() -> None:
    readings = {each["name"]: each for bench in RESULT["benchmarks"] for each in bench["readings"]}
    measured = {name.partition(".")[0] for name in readings}
    targets = {name: target for name, target in TARGETS.items() if name.partition(".")[0] in measured}
    assert measured >= {"training", "latency", "throughput", "channel", "wire", "scale"}
    assert {name for name, each in readings.items() if each["target"] is not None} == set(targets)
    for name, target in targets.items():
        assert readings[name]["verdict"] == target.verdict(readings[name]["value"])
        compared_in_turn = "_over_" in name and name.startswith(("latency", "throughput", "training", "channel"))
        assert len(readings[name]["repetitions"]) >= (5 if compared_in_turn else 1)


def test_a_result_that_is_invalid_is_not_published(tmp_path: Path) -> None:
    throughput = {**RESULT["benchmarks"][1], "validity": "INVALID", "problems": ["server.0.5, repetition 0: late"]}
    (tmp_path / "result.json").write_text(json.dumps({**RESULT, "validity": "INVALID", "benchmarks": [throughput]}))
    before = (BENCH / "result.json").read_bytes()
    command = [sys.executable, "-m", "tools.publish_bench", str(tmp_path)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert answer.returncode == 1
    assert answer.stderr.splitlines() == [
        f"error: {tmp_path} is INVALID, its numbers must not be quoted:",
        "  throughput: server.0.5, repetition 0: late",
    ]
    assert (BENCH / "result.json").read_bytes() == before
