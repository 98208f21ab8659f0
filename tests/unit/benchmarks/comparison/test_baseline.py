"""`splitwave bench` compares its ratios with a file, and keeps its results and its exit code whatever the file is."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from splitwave.benchmarks import session
from splitwave.benchmarks.commands import bench_app
from splitwave.benchmarks.comparison import baseline
from splitwave.benchmarks.comparison.baseline import PUBLISHED, compare_with
from splitwave.benchmarks.comparison.ratio_comparison import Change
from splitwave.benchmarks.comparison.recorded_result import RecordedResult
from splitwave.benchmarks.readings.report import Report
from splitwave.benchmarks.readings.targets import TARGETS
from splitwave.benchmarks.scope import Bench
from splitwave.common.exit_codes import ExitCode
from tests.unit.benchmarks.comparison.results import AT_LEAST, result_of
from tools.paths import ROOT
from tools.publish_bench import BENCH

WIRE = "wire.block_256.bytes_over_packed"


def bench(folder: Path, *options: str | Path) -> tuple[str, dict[str, Any]]:
    """Run `splitwave bench wire`, which only counts bytes and must succeed; returns its output and the result."""
    answer = CliRunner().invoke(bench_app, ["wire", "--results", str(folder), *map(str, options)])
    assert answer.exit_code == ExitCode.OK
    (results,) = (folder / "bench").iterdir()
    return answer.stdout, json.loads((results / "result.json").read_text(encoding="utf-8"))


def test_a_run_is_compared_with_the_published_result_from_any_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    output, result = bench(tmp_path)
    published = json.loads((BENCH / "result.json").read_text(encoding="utf-8"))
    comparison = result["comparison"]
    assert comparison["file"] == str(PUBLISHED) == "docs/results/bench/result.json"
    assert comparison["baseline"]["commit"] == published["environment"]["commit"]
    assert [(each["name"], each["change"]) for each in comparison["ratios"]] == [(WIRE, None)]
    (before,) = (
        reading["repetitions"]
        for benchmark in published["benchmarks"]
        for reading in benchmark["readings"]
        if reading["name"] == WIRE
    )
    assert comparison["ratios"][0]["baseline"]["repetitions"] == before
    assert f"\ncompared with {PUBLISHED}: `splitwave bench all`, commit " in output


def test_the_result_of_one_run_is_the_baseline_of_the_next(tmp_path: Path) -> None:
    bench(tmp_path / "first", "--json", tmp_path / "first.json")
    _, result = bench(tmp_path / "second", "--baseline", tmp_path / "first.json")
    assert result["comparison"]["differences"] == []
    (ratio,) = result["comparison"]["ratios"]
    assert ratio["baseline"] == ratio["now"]
    assert ratio["same_conditions"] is True


def test_the_published_result_is_a_baseline_of_all_ratios_with_a_target() -> None:
    published = RecordedResult.read(ROOT / PUBLISHED)
    measured = {each.benchmark for each in published.benchmarks}
    expected = {name for name in TARGETS if name.partition(".")[0] in measured and "same_weights" not in name}
    assert published.ratios.keys() == expected - {"wire.single_sample.overhead"}  # bytes
    compared = compare_with(None, json.loads((ROOT / PUBLISHED).read_text(encoding="utf-8"))).outcome
    assert not isinstance(compared, str)
    assert {each.change for each in compared.ratios if each.name != WIRE} == {Change.NONE}
    assert all(each.same_conditions for each in compared.ratios)


@pytest.mark.parametrize(("values", "verdict"), [([0.1, 0.11], "slower"), ([7.0, 7.1], "faster")])
def test_a_slower_run_is_reported_and_has_the_same_exit_code(
    values: list[float], verdict: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async def measure(session_bench: Bench) -> Report:
        report = session_bench.begin("channel", {})
        report.add(AT_LEAST.removeprefix("channel."), "x", values)
        return report

    monkeypatch.setattr(session, "BENCHMARKS", {"wire": measure})
    file = tmp_path / "baseline.json"
    file.write_text(json.dumps(result_of({AT_LEAST: [0.6, 0.7]})), encoding="utf-8")
    output, result = bench(tmp_path / "results", "--baseline", file, "--json", tmp_path / "copy.json")
    assert [each["change"] for each in result["comparison"]["ratios"]] == [verdict]
    assert json.loads((tmp_path / "copy.json").read_text(encoding="utf-8")) == result
    slower = AT_LEAST if verdict == "slower" else "nothing"
    assert f"\nslower by more than the repetitions differ: {slower}\n" in output


def missing(_: Path) -> str:
    return "No such file or directory"


def folder(path: Path) -> str:
    path.mkdir()
    return "is not a file"


def pipe(path: Path) -> str:
    os.mkfifo(path)
    return "is not a file"


def binary(path: Path) -> str:
    path.write_bytes(b"\x00\xff\xfe")
    return "is no result of `splitwave bench`: Invalid JSON: "


def cut(path: Path) -> str:
    path.write_bytes((BENCH / "result.json").read_bytes()[:5000])
    return "is no result of `splitwave bench`: Invalid JSON: "


def nested(path: Path) -> str:
    path.write_text("[" * 100_000, encoding="utf-8")
    return "is no result of `splitwave bench`: Invalid JSON: "


def summary(path: Path) -> str:
    path.write_text('{"test_error": 0.02}', encoding="utf-8")
    return "is no result of `splitwave bench`: environment: Field required"


def not_finite(path: Path) -> str:
    path.write_text(json.dumps(result_of({AT_LEAST: [0.6, float("nan")]})), encoding="utf-8")
    return "is no result of `splitwave bench`: benchmarks.0.readings.0.repetitions.1: Input should be a finite number"


def without_repetitions(path: Path) -> str:
    content = json.loads(json.dumps(result_of({AT_LEAST: [0.6]})))
    content["benchmarks"][0]["readings"][0]["repetitions"] = []
    path.write_text(json.dumps(content), encoding="utf-8")
    return "is no result of `splitwave bench`: benchmarks.0.readings.0.repetitions: "


def text_for_number(path: Path) -> str:
    content = json.loads(json.dumps(result_of({AT_LEAST: [0.6]})))
    content["benchmarks"][0]["readings"][0]["repetitions"] = ["0.6"]
    path.write_text(json.dumps(content), encoding="utf-8")
    return "is no result of `splitwave bench`: benchmarks.0.readings.0.repetitions.0: Input should be a valid number"


@pytest.mark.parametrize(
    "damage", [missing, folder, pipe, binary, cut, nested, summary, not_finite, without_repetitions, text_for_number]
)
def test_a_file_that_is_no_baseline_is_one_line_and_loses_no_result(
    damage: Callable[[Path], str], tmp_path: Path
) -> None:
    file = tmp_path / "baseline.json"
    reason = damage(file)
    output, result = bench(tmp_path / "results", "--baseline", file)
    assert [each["benchmark"] for each in result["benchmarks"]] == ["wire"]
    assert result["comparison"].keys() == {"file", "error"}
    assert result["comparison"]["file"] == str(file)
    assert result["comparison"]["error"].startswith(reason)
    lines = [line for line in output.splitlines() if str(file) in line]
    assert lines == [f"not compared with a baseline: {file}: {result['comparison']['error']}"]


def test_without_a_checkout_the_line_names_the_option(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(baseline, "_CHECKOUT", tmp_path)
    reason = "No such file or directory; --baseline names another file"
    assert str(compare_with(None, {})) == f"not compared with a baseline: {PUBLISHED}: {reason}"


def test_a_name_that_is_too_long_is_a_reason_too(tmp_path: Path) -> None:
    assert compare_with(tmp_path / ("a" * 300), {}).outcome == "File name too long"
