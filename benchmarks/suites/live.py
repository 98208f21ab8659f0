"""Live queries, application to application, with and without torch on the device, beside a serving pass."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import numpy as np

from splitwave.benchmarks.load.live_devices import QUERY_TIMEOUT_S, serving_station
from splitwave.benchmarks.load.load_pass import record_passes, sized_workload
from splitwave.benchmarks.load.testbed_load import loaded_testbed
from splitwave.benchmarks.readings.alternation import alternate
from splitwave.benchmarks.readings.live_table import (
    Comparison,
    device_table,
    live_hop_table,
    settings_table,
    write_hops,
)
from splitwave.benchmarks.readings.live_times import elapsed_s, query_ms
from splitwave.benchmarks.readings.report import Report
from splitwave.benchmarks.scope import Bench, short_run
from splitwave.benchmarks.suites.live_model import LiveModel, live_model, settings_of
from splitwave.benchmarks.suites.live_overflow import add_overflow, overflow_rounds
from splitwave.benchmarks.suites.live_sides import (
    KINDS,
    PASSES,
    PYTHON,
    SOCKET,
    DeviceCost,
    LiveSetup,
    Round,
    live_sides,
)
from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.workload import Workload

_LINKS = 2
_WARM_UP_SHARE = 8
_WARM_UP = 16
_COSTS: Mapping[str, tuple[str, Callable[[DeviceCost], float]]] = {
    "to_ready": ("s", lambda cost: cost.ready_s),
    "resident": ("MiB", lambda cost: cost.memory.resident_mib),
    "proportional": ("MiB", lambda cost: cost.memory.proportional_mib),
}
"""The quantities of a device process, by name: unit and value."""

Rounds = Mapping[str, Sequence[Round]]


async def live(bench: Bench) -> Report:
    """Time live queries of all links, one in flight, on all sides alternately; then a source that is too fast."""
    config = _pass_settings(bench)
    report = bench.begin("live", {"links": config.links, "samples": 1, "window": 1})
    report.record_config(PASSES, config)
    logs = bench.folder / "live"
    with TemporaryDirectory(prefix="splitwave-") as name:
        async with loaded_testbed(config, logs / PASSES, bench.data_dir, one_device_process=False) as testbed:
            source = (bench.model, logs / PASSES / "ckpt", Path(name), bench.data_dir)
            model = await asyncio.to_thread(live_model, *source)
            workload = await sized_workload(testbed, Workload(0, 1, 1, 0.0, 0), bench.scope.rules)
            async with serving_station(model.folder, logs / "station") as uplink:
                warm_up = max(_WARM_UP, bench.scope.rules.min_queries // _WARM_UP_SHARE)
                setup = LiveSetup(testbed, workload, warm_up, model, uplink, logs)
                rounds = await alternate(live_sides(setup), bench.scope.repetitions)
        overflowing = await overflow_rounds(bench, Path(name), logs)
    report.record_config("model", model.config)
    report.tables.append(settings_table(_settings(config, model, workload)))
    add_live_rounds(bench, report, rounds)
    add_overflow(report, overflowing)
    return report


def _pass_settings(bench: Bench) -> RunConfig:
    """The settings of the passes: those of the model, with a training that is over soon."""
    chosen, brief = settings_of(bench.model), short_run(_LINKS)
    if chosen is None:
        return brief
    training = chosen.training.model_copy(update={"epochs": brief.training.epochs})
    inference = chosen.inference.model_copy(update={"latency_samples": brief.inference.latency_samples})
    return chosen.model_copy(update={"training": training, "inference": inference})


def _settings(config: RunConfig, model: LiveModel, workload: Workload) -> dict[str, object]:
    """The settings of both sides, for people."""
    encoder, quantizer = config.encoder, config.quantizer
    return {
        "all sides": f"{config.links} links, d = {encoder.dimension}, T = {quantizer.breakpoints}, {config.data.name}, "
        f"single samples, one in flight on each link, {workload.queries} queries a repetition, channel emulator",
        "passes": f"a device process for each link, torch threads of each party: {config.runtime.torch_threads}",
        "live": f"model {model.version}, a device process for each link, --query-timeout={QUERY_TIMEOUT_S:g}",
        "torch": f"--encoder=torch, torch {version('torch')}, 1 thread",
        "onnx": f"--encoder=onnx, ONNX Runtime {version('onnxruntime')}, 1 thread, no torch in the process",
        SOCKET: "one application process for each link, DeviceApp.Infer of grpcio, synchronous",
        PYTHON: "the device in the application's process",
    }


def add_live_rounds(bench: Bench, report: Report, rounds: Rounds) -> None:
    """Add the readings, the raw samples, the tables and the reasons for INVALID of all repetitions."""
    for side, repetitions in rounds.items():
        for percent in (50, 99):
            report.add(f"{side}.p{percent}", "ms", [query_ms(each.links, percent) for each in repetitions])
    _add_ratios(report, rounds)
    _add_costs(report, rounds)
    passes = [each.load_pass for each in rounds[PASSES] if each.load_pass is not None]
    record_passes(report, PASSES, passes, bench.scope.rules)
    for side in (each for each in rounds if each != PASSES):
        _record(bench, report, side, rounds[side])
    times = {side: [each.links for each in repetitions] for side, repetitions in rounds.items()}
    for way, title in ((SOCKET, "through the Unix socket of a device"), (PYTHON, "in the application's own process")):
        sides = (PASSES, *(f"{kind}.{way}" for kind in KINDS))
        comparison = Comparison(f"{title}, beside serving passes", sides, "onnx/torch", above=sides[2], below=sides[1])
        report.tables.append(live_hop_table(comparison, times))
    write_hops(bench.figures / "live-hops.csv", times)


def _add_ratios(report: Report, rounds: Rounds) -> None:
    p50 = {side: [query_ms(each.links, 50) for each in repetitions] for side, repetitions in rounds.items()}
    for way in (SOCKET, PYTHON):
        report.add_ratio(f"{way}.p50_onnx_over_torch", p50[f"onnx.{way}"], p50[f"torch.{way}"])
    for kind in KINDS:
        report.add_ratio(f"{kind}.p50_socket_over_python", p50[f"{kind}.{SOCKET}"], p50[f"{kind}.{PYTHON}"])
        report.add_ratio(f"{kind}.{SOCKET}.p50_over_passes", p50[f"{kind}.{SOCKET}"], p50[PASSES])


def _add_costs(report: Report, rounds: Rounds) -> None:
    """Add what a device process costs: in each repetition the median of the links."""
    costs = {
        str(kind): {
            f"{name} {unit}": [median(map(value, each.devices)) for each in rounds[f"{kind}.{SOCKET}"]]
            for name, (unit, value) in _COSTS.items()
        }
        for kind in KINDS
    }
    for name, (unit, _) in _COSTS.items():
        torch_side, onnx_side = (costs[kind][f"{name} {unit}"] for kind in KINDS)
        report.add(f"torch.device.{name}", unit, torch_side)
        report.add(f"onnx.device.{name}", unit, onnx_side)
        report.add_ratio(f"device.{name}_onnx_over_torch", onnx_side, torch_side)
    report.tables.append(device_table(costs))


def _record(bench: Bench, report: Report, side: str, repetitions: Sequence[Round]) -> None:
    kind, rules = side.partition(".")[0], bench.scope.rules
    for number, each in enumerate(repetitions):
        where = f"{side}, repetition {number}"
        if any(found != (kind == "torch") for found in each.with_torch):
            loaded = "did not load" if kind == "torch" else "loaded"
            report.faults.append(f"{where}: a process with a device {loaded} torch")
        if (seconds := elapsed_s(each.links)) < rules.min_duration_s:
            report.problems.append(f"{where}: {seconds:.2f} s of load: expected at least {rules.min_duration_s:g} s")
        report.samples[f"{side}.{number}.called_ns"] = np.stack([link.called_ns for link in each.links])
        report.samples[f"{side}.{number}.answered_ns"] = np.stack([link.answered_ns for link in each.links])
        report.samples[f"{side}.{number}.hops_ns"] = np.stack([link.hops_ns for link in each.links])
