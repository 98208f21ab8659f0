"""The readings of benchmarks, their targets, and the result files."""

import asyncio
import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from splitwave.benchmarks import session
from splitwave.benchmarks.commands import bench_app
from splitwave.benchmarks.load.load_pass import LoadPass, record_passes
from splitwave.benchmarks.load.uplink_source import send_blocks
from splitwave.benchmarks.load.worker_process import worker_process
from splitwave.benchmarks.readings.alternation import alternate
from splitwave.benchmarks.readings.report import Report, Validity
from splitwave.benchmarks.readings.targets import TARGETS, AtLeast, AtMost, Verdict
from splitwave.benchmarks.readings.validity import Rules
from splitwave.benchmarks.scope import QUICK, Bench
from splitwave.benchmarks.session import exit_code_of, result_json, target_table, write_samples
from splitwave.benchmarks.suites.training import compare_weights
from splitwave.benchmarks.suites.wire_cost import uplink_cost
from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import DataError, RunFailedError
from splitwave.common.exit_codes import ExitCode
from splitwave.common.protocol.workload import LinkStamps, Workload
from tests.unit.benchmarks.readings.benchmark_stamps import MS, NAMES, synthetic_stamps


def a_report() -> Report:
    report = Report("latency", {"links": 2, "note": "µ"})
    report.add("single_stream.p50_over_echo", "x", [1.0, 9.0, 1.4])
    report.add("single_stream.p50", "ms", [0.7])
    report.tables.append("hop  ms")
    return report


def test_the_bound_itself_meets_a_target() -> None:
    assert [AtMost(2).verdict(v) for v in (1.9, 2, 2.1)] == [Verdict.PASS, Verdict.PASS, Verdict.MISS]
    assert [AtLeast(2).verdict(v) for v in (1.9, 2, 2.1)] == [Verdict.MISS, Verdict.PASS, Verdict.PASS]


def test_a_reading_is_judged_by_the_median_of_its_repetitions() -> None:
    judged, free = a_report().readings
    assert (judged.value, judged.verdict) == (1.4, Verdict.PASS)
    assert (free.value, free.verdict) == (0.7, None)


def test_a_ratio_is_taken_round_by_round() -> None:
    reading = Report("x", {}).add_ratio("y", [2.0, 30.0, 8.0], [1.0, 10.0, 2.0])
    assert reading.repetitions == (2.0, 3.0, 4.0)


def test_a_missed_target_leaves_a_report_valid_and_a_problem_does_not() -> None:
    report = a_report()
    report.add("single_stream.p99_over_p50", "x", [100.0])
    assert (report.readings[-1].verdict, report.validity) == (Verdict.MISS, Validity.VALID)
    report.problems.append("40 queries: expected at least 41")
    assert report.validity is Validity.INVALID


def test_a_result_file_has_everything(tmp_path: Path) -> None:
    report = a_report()
    report.problems.append("why")
    report.cores_of_others = 0.25
    report.record_config("testbed", RunConfig(), threads=2)
    path = tmp_path / "result.json"
    path.write_text(json.dumps(result_json([report], QUICK, None, (0.5, 1.0, 2.0))), encoding="utf-8")
    content = json.loads(path.read_text(encoding="utf-8"))
    (kept,) = content["benchmarks"]
    assert (kept["problems"], kept["faults"]) == (["why"], [])
    assert kept["cores_of_others"] == 0.25
    assert kept["settings"] == {"links": 2, "note": "µ"}
    assert RunConfig.model_validate(kept["configs"]["testbed"]).runtime.torch_threads == 2
    assert content["validity"] == "INVALID"
    assert content["scope"]["quick"] is True
    assert {"commit", "dirty", "cpu_model", "cores", "packages", "load_average"} <= content["environment"].keys()
    assert content["environment"]["load_average"] == [0.5, 1.0, 2.0]
    (judged, _) = content["benchmarks"][0]["readings"]
    assert (judged["low"], judged["value"], judged["high"]) == (1.0, 1.4, 9.0)
    assert (judged["target"], judged["verdict"]) == ("<= 1.5", "PASS")


def test_raw_samples_survive_the_file(tmp_path: Path) -> None:
    samples = {"latency.a.0.at_ns": np.arange(6, dtype=np.int64).reshape(2, 3) + 2**60}
    write_samples(tmp_path / "samples.npz", samples)
    with np.load(tmp_path / "samples.npz") as kept:
        assert kept.files == list(samples)
        assert np.array_equal(kept["latency.a.0.at_ns"], samples["latency.a.0.at_ns"])


def test_the_order_of_the_sides_is_reversed_in_every_round() -> None:
    order: list[str] = []

    def side(name: str) -> "asyncio.Future[int]":
        order.append(name)
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        future.set_result(len(order))
        return future

    async def measure() -> dict[str, list[int]]:
        return await alternate({"a": lambda: side("a"), "b": lambda: side("b")}, 3)

    outcomes = asyncio.run(measure())
    assert "".join(order) == "abbaab"
    assert outcomes == {"a": [1, 4, 5], "b": [2, 3, 6]}


def test_every_target_names_a_benchmark() -> None:
    assert {name.partition(".")[0] for name in TARGETS} == {
        "training", "latency", "throughput", "channel", "wire", "scale", "models", "peers",
    }  # fmt: skip


def test_blocks_on_the_wire_meet_their_targets() -> None:
    block, single = uplink_cost(256), uplink_cost(1)
    assert block.packed_bytes == 256 * 14
    assert block.message_bytes / block.packed_bytes <= TARGETS["wire.block_256.bytes_over_packed"].bound
    assert single.packed_bytes == 14
    assert single.message_bytes - single.packed_bytes <= TARGETS["wire.single_sample.overhead"].bound


def test_one_repetition_with_different_weights_is_a_miss_and_invalid() -> None:
    report = Report("training", {})
    same = {
        "inprocess_sharded": ["a" * 64] * 3,
        "inprocess_1_thread": ["b" * 64] * 3,
        "process_1_thread": ["b" * 64] * 3,
    }
    compare_weights(report, "b256", {**same, "process": ["a" * 64, "c" * 64, "a" * 64]})
    assert [(each.name, each.value, each.verdict) for each in report.readings] == [
        ("training.b256.process.same_weights", 0, Verdict.MISS),
        ("training.b256.process_1_thread.same_weights", 1, Verdict.PASS),
    ]
    assert report.faults == [
        "b256: process, repetition 1: weights cccccccccccc, expected aaaaaaaaaaaa from inprocess_sharded"
    ]
    assert (report.validity, report.exit_code) == (Validity.INVALID, ExitCode.FAILURE)


class UnpicklableError(Exception):
    """An exception whose constructor takes more than its text, like gRPC's errors, so that it cannot be pickled."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


def fail(*, portable: bool) -> None:
    raise ValueError("seven") if portable else UnpicklableError(7, "no such link")


def test_an_exception_in_a_worker_reaches_the_caller() -> None:
    async def call(*, portable: bool) -> None:
        async with worker_process() as worker:
            await worker.run(fail, portable=portable)

    with pytest.raises(ValueError, match="seven"):
        asyncio.run(call(portable=True))
    with pytest.raises(RunFailedError, match=r"(?s)^UnpicklableError: no such link\nTraceback.* in fail"):
        asyncio.run(call(portable=False))


def test_the_table_of_targets_has_a_line_for_each_judged_reading() -> None:
    report = a_report()
    report.problems.append("why")
    _, line, last = target_table([report]).splitlines()
    assert line.split() == ["latency.single_stream.p50_over_echo", "1.4", "1", "…", "9", "<=", "1.5", "PASS"]
    assert last == "INVALID: latency"


def test_blocks_that_are_no_multiple_of_the_links_are_refused() -> None:
    config = RunConfig.model_validate({"links": 8})
    with pytest.raises(ValueError, match="12 blocks over 8 links"):
        send_blocks("127.0.0.1:1", config.canonical_json(), 12)


def test_the_longest_message_is_a_late_one_with_its_codebook() -> None:
    assert uplink_cost(256, codebook=True).message_bytes - uplink_cost(256).message_bytes == 16 * 4 + 2  # and its tag


def test_a_failed_benchmark_reports_its_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def breaks(bench: Bench) -> Report:
        bench.begin("wire", {}).add("x", "s", [1.0])
        raise KeyError("seven")

    monkeypatch.setattr(session, "BENCHMARKS", {"wire": breaks})
    file = tmp_path / "result.json"
    reports = session.run_session(["wire"], QUICK, file, airtime=False, data_dir=None, results=tmp_path)
    assert exit_code_of(reports, require_valid=False) == ExitCode.FAILURE
    (report,) = json.loads(file.read_text(encoding="utf-8"))["benchmarks"]
    assert (report["faults"], report["problems"]) == (["failed: KeyError: 'seven'"], [])
    assert [reading["name"] for reading in report["readings"]] == ["wire.x"]
    assert "INVALID: wire" in capsys.readouterr().out


def test_problems_make_a_report_invalid_and_faults_also_give_an_exit_code() -> None:
    busy, broken = Report("throughput", {}), Report("training", {})
    busy.problems.append("p99 lateness 9.00 ms: expected at most half the p99 latency, 8.00 ms")
    broken.record_failure(DataError("no such file"))
    valid = Report("wire", {})

    def codes(*reports: Report) -> tuple[ExitCode, ExitCode]:
        return exit_code_of(reports, require_valid=False), exit_code_of(reports, require_valid=True)

    assert codes(valid) == (ExitCode.OK, ExitCode.OK)
    assert codes(valid, busy) == (ExitCode.OK, ExitCode.INVALID)
    assert codes(busy, broken) == (ExitCode.DATA, ExitCode.DATA)
    assert [each.validity for each in (valid, busy, broken)] == [Validity.VALID, Validity.INVALID, Validity.INVALID]


@pytest.mark.parametrize(("arguments", "code"), [([], ExitCode.OK), (["--require-valid"], ExitCode.INVALID)])
def test_an_invalid_benchmark_is_printed_and_fails_the_command_only_with_require_valid(
    arguments: list[str], code: ExitCode, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async def is_late(bench: Bench) -> Report:
        report = bench.begin("wire", {})
        report.problems.append("too late")
        return report

    monkeypatch.setattr(session, "BENCHMARKS", {"wire": is_late})
    answer = CliRunner().invoke(bench_app, ["wire", "--results", str(tmp_path), *arguments])
    assert answer.exit_code == code
    assert "wire: INVALID\n    too late\n" in answer.stdout
    assert "INVALID: wire\n" in answer.stdout


def test_a_recorded_pass_has_its_rules_and_the_reasons_why_it_is_invalid() -> None:
    late, short = Workload(8, 1, 1, 100.0, 3), Workload(8, 1, 1, 0.0, 0)
    first, last = synthetic_stamps(late, 0), synthetic_stamps(short, 1)
    first.at_ns[:, 1:] += 1000 * MS
    report = Report("throughput", {})
    record_passes(report, "server", [LoadPass(late, [first])], Rules(8, 0.0))
    record_passes(report, "offline", [LoadPass(short, [LinkStamps(1, NAMES, last.at_ns[:-1])])], Rules(8, 0.0))

    assert [each.partition(":")[0] for each in report.problems] == ["server, repetition 0"]
    assert report.faults == ["offline, repetition 0: link 1: 7 of 8 queries were answered"]
    assert report.passes["server.0"] == {
        "queries": 8, "samples": 1, "window": 1, "rate_per_s": 100.0, "seed": 3,
        "overflow": "block", "min_queries": 8, "min_duration_s": 0.0, "late_percentile": 99.0, "kept_up": True,
        "dropped": [0],
    }  # fmt: skip
    assert report.passes.keys() == {name.removesuffix(".at_ns") for name in report.samples}
    assert report.readings == []
