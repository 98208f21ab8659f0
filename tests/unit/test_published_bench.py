"""The README's table of benchmarks is what the published file says."""

import json

from benchmarks.targets import TARGETS
from tools.publish_bench import BENCH, bench_table, table_in
from tools.publish_result import README

RESULT = json.loads((BENCH / "result.json").read_text())


def test_the_readmes_table_is_what_the_published_file_says() -> None:
    assert table_in(README.read_text()) == bench_table(RESULT)


def test_what_is_published_is_a_whole_run_of_a_commit() -> None:
    assert RESULT["environment"]["dirty"] is False
    assert len(RESULT["environment"]["commit"]) == 40
    assert not RESULT["scope"]["quick"]
    assert RESULT["scope"]["repetitions"] >= 5


def test_every_target_has_a_reading_and_the_verdict_that_follows_from_it() -> None:
    readings = {each["name"]: each for bench in RESULT["benchmarks"] for each in bench["readings"]}
    assert {name for name, each in readings.items() if each["target"] is not None} == set(TARGETS)
    for name, target in TARGETS.items():
        assert readings[name]["verdict"] == target.verdict(readings[name]["value"])
        compared_in_turn = "_over_" in name and name.startswith(("latency", "throughput", "training", "channel"))
        assert len(readings[name]["repetitions"]) >= (5 if compared_in_turn else 1)
