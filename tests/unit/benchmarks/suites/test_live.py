"""The report of `splitwave bench live`, from rounds that were made up, and what the command refuses."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from splitwave.benchmarks.commands import bench_app
from splitwave.benchmarks.load.load_pass import LoadPass
from splitwave.benchmarks.machine.processes import Memory
from splitwave.benchmarks.readings.live_times import Answered, LinkTimes
from splitwave.benchmarks.readings.report import Report
from splitwave.benchmarks.readings.validity import Rules
from splitwave.benchmarks.scope import QUICK, Bench
from splitwave.benchmarks.suites.live import add_live_rounds
from splitwave.benchmarks.suites.live_sides import DeviceCost, Round
from splitwave.common.exit_codes import ExitCode
from splitwave.common.protocol.workload import Workload
from tests.unit.benchmarks.readings.benchmark_stamps import MS, synthetic_stamps

WORKLOAD = Workload(queries=40, samples=1, window=1, rate_per_s=0.0, seed=0)
SCOPE = replace(QUICK, rules=Rules(min_queries=40, min_duration_s=0.04))


def a_pass() -> Round:
    stamps = [synthetic_stamps(WORKLOAD, link) for link in range(2)]
    return Round([LinkTimes.of_pass(each) for each in stamps], load_pass=LoadPass(WORKLOAD, stamps))


def a_round(query_ms: int, *, torch: bool, starts: Sequence[float] = (), resident_mib: float = 100.0) -> Round:
    queries = [Answered(n * query_ms * MS, (n + 1) * query_ms * MS, {"encode": MS}) for n in range(10)]
    devices = [DeviceCost(ready_s, Memory(resident_mib, resident_mib, resident_mib / 2)) for ready_s in starts]
    return Round([LinkTimes.of_application(queries)] * 2, devices=devices, with_torch=[torch, torch])


def reported(folder: Path, **changed: list[Round]) -> Report:
    rounds = {
        "passes": [a_pass(), a_pass()],
        "torch.socket": [
            a_round(8, torch=True, starts=(3.0, 5.0), resident_mib=300.0),
            a_round(6, torch=True, starts=(4.0, 4.0), resident_mib=300.0),
        ],
        "torch.python": [a_round(4, torch=True)] * 2,
        "onnx.socket": [a_round(6, torch=False, starts=(1.0, 1.0))] * 2,
        "onnx.python": [a_round(5, torch=False)] * 2,
    }
    report = Report("live", {})
    bench = Bench(SCOPE, folder, folder, None, airtime=False)
    add_live_rounds(bench, report, {**rounds, **{name.replace("_", "."): each for name, each in changed.items()}})
    return report


def test_ratios_compare_the_sides_of_each_repetition(tmp_path: Path) -> None:
    report = reported(tmp_path)
    readings = {each.name.removeprefix("live."): each.repetitions for each in report.readings}
    assert readings["torch.socket.p50"] == (8.0, 6.0)
    assert readings["socket.p50_onnx_over_torch"] == (6 / 8, 1.0)
    assert readings["python.p50_onnx_over_torch"] == (5 / 4, 5 / 4)
    assert readings["torch.p50_socket_over_python"] == (2.0, 1.5)
    assert readings["torch.device.to_ready"] == (4.0, 4.0)
    assert readings["device.resident_onnx_over_torch"] == (100 / 300, 100 / 300)
    assert readings["onnx.socket.p50_over_passes"] == tuple(6 / ms for ms in readings["passes.p50"])
    assert report.reasons == []


def test_the_samples_of_every_side_and_repetition_are_kept(tmp_path: Path) -> None:
    report = reported(tmp_path)
    live = {
        f"{kind}.{way}.{number}.{what}"
        for kind in ("torch", "onnx")
        for way in ("socket", "python")
        for number in range(2)
        for what in ("called_ns", "answered_ns", "hops_ns")
    }
    assert report.samples.keys() == live | {"passes.0.at_ns", "passes.1.at_ns"}
    assert report.samples["onnx.python.1.hops_ns"].shape == (2, 10, 10)
    assert (tmp_path / "live-hops.csv").stat().st_size > 0


def test_a_torch_free_device_that_has_torch_is_a_fault_and_too_brief_a_load_a_problem(tmp_path: Path) -> None:
    report = reported(
        tmp_path,
        onnx_python=[a_round(5, torch=False), a_round(5, torch=True)],
        torch_python=[a_round(3, torch=False), a_round(4, torch=True)],
    )
    assert report.faults == [
        "torch.python, repetition 0: a process with a device did not load torch",
        "onnx.python, repetition 1: a process with a device loaded torch",
    ]
    assert report.problems == ["torch.python, repetition 0: 0.03 s of load: expected at least 0.04 s"]


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (["--run", "a", "--model", "b"], ExitCode.CONFIG, "--run a and --model b: give one of them"),
        (["--model", "b"], ExitCode.CHECKPOINT, "--model b: it has no model.json"),
        (["--run", "a"], ExitCode.CHECKPOINT, "--run a: no such folder or file"),
    ],
)
def test_a_wrong_choice_of_the_model_is_refused(
    options: list[str], code: ExitCode, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    answer = CliRunner().invoke(bench_app, ["live", "--quick", *options])
    assert answer.exit_code == code
    assert message in answer.stderr
    assert list(tmp_path.iterdir()) == []
