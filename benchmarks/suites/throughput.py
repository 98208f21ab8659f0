"""Offline: samples per second in blocks, relative to one process. Server: the highest Poisson rate with bounded p99."""

import dataclasses
from collections.abc import Mapping, Sequence
from functools import partial

from splitwave.benchmarks.floors.pipeline import query_times_ns
from splitwave.benchmarks.load.load_pass import LoadPass, record_passes, run_pass, sized_workload
from splitwave.benchmarks.load.testbed_load import LoadedTestbed, loaded_testbed
from splitwave.benchmarks.load.worker_process import worker_process
from splitwave.benchmarks.readings.alternation import Side, alternate
from splitwave.benchmarks.readings.report import Report, Samples
from splitwave.benchmarks.readings.validity import Rules, find_generator_problems
from splitwave.benchmarks.scope import Bench, short_run
from splitwave.common.protocol.workload import Workload

_LINKS, _BLOCK = 2, 256
_DECODER_SHARDS = 2
"""Decoder shards of the base station, equal to the number of threads of the faster floor."""
OFFLINE_WINDOW = 32
"""Queries in flight on each link in Offline, for the rate that has a target."""
_OTHER_WINDOW = 8
"""Queries in flight on each link in a second Offline run, and in the closed loop that scales Server's rates."""
LADDER = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.4, 1.6, 2.0)
"""Query rates in Server, relative to the rate of a closed loop."""


async def throughput(bench: Bench) -> Report:
    """Measure both scenarios on one testbed with two links."""
    report = bench.begin(
        "throughput",
        {
            "links": _LINKS,
            "block": _BLOCK,
            "offline_windows": [OFFLINE_WINDOW, _OTHER_WINDOW],
            "server_closed_loop_window": _OTHER_WINDOW,
            "bound_ms": bench.scope.bound_ms,
        },
    )
    config = report.record_config("testbed", short_run(_LINKS, decoder_shards=_DECODER_SHARDS))
    folder = bench.folder / "throughput"
    async with loaded_testbed(config, folder, bench.data_dir, one_device_process=False) as testbed:
        await _offline(bench, report, testbed)
        await _server(bench, report, testbed)
    return report


async def _offline(bench: Bench, report: Report, testbed: LoadedTestbed) -> None:
    rules = dataclasses.replace(
        bench.scope.rules, min_queries=bench.scope.rules.min_queries // 8
    )  # blocks, not samples
    sides: dict[str, Side[LoadPass | Samples]] = {}
    for window in (OFFLINE_WINDOW, _OTHER_WINDOW):
        workload = await sized_workload(testbed, Workload(0, _BLOCK, window, 0.0, 0), rules)
        sides[f"window_{window}"] = partial(run_pass, testbed, workload)
    async with worker_process() as one_thread, worker_process() as two_threads:
        for threads, worker in ((1, one_thread), (2, two_threads)):
            name = f"inprocess_{threads}_threads"
            config = report.record_config(f"offline.{name}", short_run(_LINKS, block_size=_BLOCK), threads=threads)
            json, blocks = config.canonical_json(), rules.min_queries
            sides[name] = partial(worker.run, query_times_ns, json, bench.data_dir, threads, blocks)
        outcomes = await alternate(sides, bench.scope.repetitions)
    _add_offline_readings(report, outcomes, rules)


def _add_offline_readings(report: Report, outcomes: Mapping[str, Sequence[LoadPass | Samples]], rules: Rules) -> None:
    rates: dict[str, list[float]] = {}
    for name, done in outcomes.items():
        rates[name] = [_BLOCK * _queries_per_s(each) for each in done]
        case = "offline" if name == f"window_{OFFLINE_WINDOW}" else f"offline.{name}"
        report.add("offline.rate" if case == "offline" else case, "samples/s", rates[name])
        record_passes(report, case, [each for each in done if isinstance(each, LoadPass)], rules)
        report.samples |= {
            f"{case}.{number}.query_ns": each for number, each in enumerate(done) if not isinstance(each, LoadPass)
        }
    fastest = list(map(max, rates["inprocess_1_threads"], rates["inprocess_2_threads"]))
    report.add_ratio("offline.over_inprocess", rates[f"window_{OFFLINE_WINDOW}"], fastest)
    report.add_ratio(f"offline.window_{_OTHER_WINDOW}_over_inprocess", rates[f"window_{_OTHER_WINDOW}"], fastest)


def _queries_per_s(done: LoadPass | Samples) -> float:
    return done.queries_per_s if isinstance(done, LoadPass) else len(done) / (int(done.sum()) / 1e9)


async def _server(bench: Bench, report: Report, testbed: LoadedTestbed) -> None:
    """Raise the rate step by step until p99 (the median over repetitions) exceeds the bound."""
    scope = bench.scope
    closed_load = await sized_workload(testbed, Workload(0, 1, _OTHER_WINDOW, 0.0, 0), scope.rules)
    closed = [await run_pass(testbed, closed_load) for _ in range(scope.ladder_repetitions)]
    record_passes(report, "server.closed_loop", closed, scope.rules)
    closed_rate = report.add("server.closed_loop_rate", "queries/s", [each.queries_per_s for each in closed]).value
    lines = [f"{'rate/s':>9}{'p50 ms':>9}{'p99 ms':>9}{'late p99 ms':>13}{'skew p99 ms':>13}{'answered/s':>12}"]
    highest, ended = 0.0, f"not reached: p99 stayed under the bound up to {LADDER[-1]:g} of the closed loop's rate"
    for share in LADDER:
        rate = share * closed_rate
        passes = await _passes_at_rate(bench, testbed, rate)
        middle = sorted(passes, key=lambda each: each.latency_ms(99))[len(passes) // 2]
        lines.append(
            f"{rate:>9.1f}{middle.latency_ms(50):>9.2f}{middle.latency_ms(99):>9.2f}{middle.lateness_ms(99):>13.2f}"
            f"{middle.skew_ms(99):>13.2f}{middle.queries_per_s:>12.1f}"
        )
        missed = middle.latency_ms(99) > scope.bound_ms
        record_passes(report, f"server.{share:g}", passes, scope.rules, kept_up=not missed)
        if missed:
            behind = find_generator_problems(middle.links, scope.rules)
            ended = "the last rate misses the bound" + "".join(f"; there: {each}" for each in behind)
            break
        highest = rate
    report.add("server.highest_rate", "queries/s", [highest])
    report.add("server.highest_over_closed_loop", "x", [highest / closed_rate])
    title = f"server, Poisson arrivals, p99 held under {scope.bound_ms:g} ms"
    report.tables.append("\n".join([title, *lines, ended]))


async def _passes_at_rate(bench: Bench, testbed: LoadedTestbed, rate_per_s: float) -> list[LoadPass]:
    workload = await sized_workload(testbed, Workload(0, 1, _OTHER_WINDOW, rate_per_s, 0), bench.scope.rules)
    workloads = [dataclasses.replace(workload, seed=number) for number in range(bench.scope.ladder_repetitions)]
    return [await run_pass(testbed, each) for each in workloads]
