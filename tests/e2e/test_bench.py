"""`splitwave bench all --quick` measures everything and labels its results correctly, on idle and busy machines."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from splitwave.benchmarks.readings.hop_table import latency_ns
from splitwave.benchmarks.readings.percentiles import percentile
from splitwave.benchmarks.readings.targets import TARGETS
from splitwave.benchmarks.readings.validity import Rules, find_faults, find_problems
from splitwave.benchmarks.scope import QUICK
from splitwave.benchmarks.session import BENCHMARKS
from splitwave.benchmarks.suites.scale import STALL_MS
from splitwave.benchmarks.suites.throughput import LADDER
from splitwave.common.protocol.workload import STAMPS, LinkStamps, Workload
from tests.installed_command import ENVIRONMENT, output_of

pytestmark = pytest.mark.e2e

# Two spinning threads on two busy cores would take twenty times as long.
PASSIVE = {**ENVIRONMENT, "OMP_WAIT_POLICY": "PASSIVE"}
NOT_QUICK = {name for name in TARGETS if name.startswith(("training.b1024.", "peers."))}
ALL = [name for name in BENCHMARKS if name not in ("live", "peers")]  # which need splitwave[export] and [peers]
LINKS = {"latency.single_stream": 1, "latency.multi_stream": 8, "timing": 1, "scale.k4": 4, "scale.k32": 32}
"""The number of links of load passes, by the beginning of their names; all other passes have two links."""

Outcome = tuple[Path, dict[str, Any], str]


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """The results folder, the result and the output of all benchmarks."""
    folder = tmp_path_factory.mktemp("bench")
    options: list[str | Path] = ["--quick", "--airtime", "--json", folder / "result.json", "--results", folder]
    output = output_of("bench", "all", *options, env=PASSIVE)
    (results,) = (folder / "bench").iterdir()
    content = json.loads((folder / "result.json").read_text())
    assert json.loads((results / "result.json").read_text()) == content
    return results, content, output


def test_all_benchmarks_are_measured_and_write_a_complete_result(outcome: Outcome) -> None:
    folder, content, _ = outcome
    assert [each["benchmark"] for each in content["benchmarks"]] == ALL
    assert [each["faults"] for each in content["benchmarks"]] == [[]] * len(ALL)
    readings = {reading["name"]: reading for each in content["benchmarks"] for reading in each["readings"]}
    assert {name for name, each in readings.items() if each["target"] is not None} == set(TARGETS) - NOT_QUICK
    for name in TARGETS.keys() - NOT_QUICK:
        assert readings[name]["verdict"] == TARGETS[name].verdict(readings[name]["value"])
        assert len(readings[name]["repetitions"]) == 1
    assert readings["training.b256.process.same_weights"]["verdict"] == "PASS"
    assert readings["training.b256.process_1_thread.same_weights"]["verdict"] == "PASS"
    for name in ("hops.png", "hops.pdf", "trace-single_stream.json", "trace-multi_stream.json", "trace-two_links.json"):
        assert (folder / "figs" / name).stat().st_size > 0


def test_every_query_of_every_pass_is_kept_with_its_stamps(outcome: Outcome) -> None:
    folder, content, _ = outcome
    passes = _passes(content)
    with np.load(folder / "samples.npz") as samples:
        assert {name.partition(".")[0] for name in samples.files} == {
            *("latency", "throughput", "channel", "scale", "timing"),
        }
        assert all(samples[name].dtype == np.int64 for name in samples.files)
        assert {name.removesuffix(".at_ns") for name in samples.files if name.endswith(".at_ns")} == passes.keys()
        for name, settings in passes.items():
            links = next((links for start, links in LINKS.items() if name.startswith(f"{start}.")), 2)
            assert samples[f"{name}.at_ns"].shape == (links, settings["queries"], len(STAMPS))
            assert settings["queries"] >= settings["min_queries"] > 0


def test_the_ladder_of_rates_ends_at_the_first_that_misses_the_bound(outcome: Outcome) -> None:
    folder, content, _ = outcome
    p99_ms = {}
    with np.load(folder / "samples.npz") as samples:
        for share in LADDER:
            if (name := f"throughput.server.{share:g}.0.at_ns") in samples.files:
                p99_ms[share] = percentile(latency_ns(_links(samples[name])), 99) / 1e6
    assert list(p99_ms) == list(LADDER[: len(p99_ms)])
    held = [share for share, ms in p99_ms.items() if ms <= QUICK.bound_ms]
    assert held == list(LADDER[: len(held)])
    assert len(p99_ms) == min(len(held) + 1, len(LADDER))
    kept_up = {share: _passes(content)[f"throughput.server.{share:g}.0"]["kept_up"] for share in p99_ms}
    assert kept_up == {share: share in held for share in p99_ms}


def test_the_labels_and_their_reasons_follow_from_the_recorded_stamps(outcome: Outcome) -> None:
    """Recompute all reasons from the raw stamps, so that a busy and an idle machine are labelled as such."""
    folder, content, output = outcome
    with np.load(folder / "samples.npz") as samples:
        for benchmark in content["benchmarks"]:
            reasons = [
                reason
                for name, settings in benchmark["passes"].items()
                for reason in _reasons(name, samples[f"{benchmark['benchmark']}.{name}.at_ns"], settings)
            ]
            assert sorted(benchmark["problems"]) == sorted([*reasons, *_stalls(benchmark)])
            assert benchmark["validity"] == ("INVALID" if benchmark["problems"] else "VALID")
            expected = "".join(f"\n    {reason}" for reason in benchmark["problems"])
            assert f"  {benchmark['benchmark']}: {benchmark['validity']}{expected}\n" in output
    invalid = [each["benchmark"] for each in content["benchmarks"] if each["problems"]]
    assert content["validity"] == ("INVALID" if invalid else "VALID")
    assert [line for line in output.splitlines() if line.startswith("INVALID")] == (
        [f"INVALID: {', '.join(invalid)}"] if invalid else []
    )


def test_a_quick_run_is_shown_beside_the_published_result_and_marked_without_verdicts(outcome: Outcome) -> None:
    _, content, output = outcome
    comparison, readings = content["comparison"], {r["name"]: r for b in content["benchmarks"] for r in b["readings"]}
    ratios = {each["name"]: each for each in comparison["ratios"]}
    assert ratios.keys() | set(comparison["only_now"]) == {
        name for name in TARGETS.keys() - NOT_QUICK if readings[name]["unit"] == "x"
    }
    for name, each in ratios.items():
        assert each["now"]["repetitions"] == readings[name]["repetitions"]
        assert (each["change"], each["same_conditions"]) == (None, False)
        assert f"\n{name} * " in output
    assert {"name": "scope.quick", "baseline": False, "now": True} in comparison["differences"]
    assert "\nno verdicts: one repetition does not show by how much repetitions differ\n" in output


def _passes(content: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        f"{each['benchmark']}.{name}": settings
        for each in content["benchmarks"]
        for name, settings in each["passes"].items()
    }


def _links(at_ns: "np.ndarray[Any, np.dtype[np.int64]]") -> list[LinkStamps]:
    return [LinkStamps(link, STAMPS, each) for link, each in enumerate(at_ns)]


def _reasons(name: str, at_ns: "np.ndarray[Any, np.dtype[np.int64]]", settings: dict[str, Any]) -> list[str]:
    links = _links(at_ns)
    workload = Workload(**{key: settings[key] for key in ("queries", "samples", "window", "rate_per_s", "seed")})
    rules = Rules(**{key: settings[key] for key in ("min_queries", "min_duration_s", "late_percentile")})
    assert find_faults(links, workload) == []
    case, _, repetition = name.rpartition(".")
    reasons = find_problems(links, workload, rules, kept_up=settings["kept_up"])
    return [f"{case}, repetition {repetition}: {reason}" for reason in reasons]


def _stalls(benchmark: dict[str, Any]) -> list[str]:
    longest = {
        reading["name"].split(".")[1]: reading["high"]
        for reading in benchmark["readings"]
        if benchmark["benchmark"] == "scale" and reading["name"].endswith(".longest")
    }
    return [
        f"{case}: a query took {ms:.0f} ms: the {case[1:]} links stalled"
        for case, ms in longest.items()
        if ms > STALL_MS
    ]
