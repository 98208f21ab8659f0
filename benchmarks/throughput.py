"""Offline: samples a second in blocks, over one process. Server: the Poisson rate that keeps p99 under a bound."""

import dataclasses
from functools import partial

from benchmarks.floors.pipeline import query_times_ns
from benchmarks.passes import Pass, keep, run_pass, sized_load
from benchmarks.report import Report, Samples
from benchmarks.rounds import Side, alternate
from benchmarks.scope import Bench, short_run
from benchmarks.testbed_load import LoadedTestbed, loaded_testbed
from benchmarks.worker_process import worker_process
from common.load import Load

_LINKS, _BLOCK, _WINDOW = 2, 256, 8
_LADDER = (0.2, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
"""Rates of Server, over that of a closed loop with 8 queries in flight."""


async def throughput(bench: Bench) -> Report:
    """Both scenarios on one testbed of two links."""
    settings = {"links": _LINKS, "block": _BLOCK, "window": _WINDOW, "bound_ms": bench.scope.bound_ms}
    report = bench.begin("throughput", settings)
    folder = bench.folder / "throughput"
    async with loaded_testbed(short_run(_LINKS), folder, bench.data_dir, one_device_process=False) as testbed:
        await _offline(bench, report, testbed)
        await _server(bench, report, testbed)
    return report


async def _offline(bench: Bench, report: Report, testbed: LoadedTestbed) -> None:
    scope = bench.scope
    rules = dataclasses.replace(scope.rules, min_queries=scope.rules.min_queries // 8)  # blocks, not samples
    load = await sized_load(testbed, Load(0, _BLOCK, _WINDOW, 0.0, 0), rules)
    passes: list[Pass] = []
    floors: dict[int, list[Samples]] = {1: [], 2: []}
    config = short_run(_LINKS, block_size=_BLOCK).canonical_json()
    async with worker_process() as one_thread, worker_process() as two_threads:

        async def ours() -> None:
            passes.append(await run_pass(testbed, load))

        async def inprocess(threads: int) -> None:
            worker = one_thread if threads == 1 else two_threads
            blocks = rules.min_queries
            floors[threads].append(await worker.run(query_times_ns, config, bench.data_dir, threads, blocks))

        sides: dict[str, Side[None]] = {"testbed": ours, "1": partial(inprocess, 1), "2": partial(inprocess, 2)}
        await alternate(sides, scope.repetitions)
    rates = [_BLOCK * each.queries_per_s for each in passes]
    floor = {threads: [_BLOCK * len(t) / (t.sum() / 1e9) for t in times] for threads, times in floors.items()}
    report.add("offline.rate", "samples/s", rates)
    for threads, values in floor.items():
        report.add(f"offline.inprocess_{threads}_threads", "samples/s", values)
    report.add_ratio("offline.over_inprocess", rates, list(map(max, floor[1], floor[2])))
    for threads, times in floors.items():
        report.samples |= {f"offline.inprocess_{threads}.{n}.query_ns": each for n, each in enumerate(times)}
    keep(report, "offline", passes, rules)


async def _server(bench: Bench, report: Report, testbed: LoadedTestbed) -> None:
    """Up the ladder until p99, the median of the repetitions, exceeds the bound."""
    scope = bench.scope
    closed = await run_pass(testbed, await sized_load(testbed, Load(0, 1, _WINDOW, 0.0, 0), scope.rules))
    report.add("server.closed_loop_rate", "queries/s", [closed.queries_per_s])
    lines = [f"{'rate/s':>9}{'p50 ms':>9}{'p99 ms':>9}{'late p99 ms':>13}{'answered/s':>12}"]
    highest = 0.0
    for share in _LADDER:
        rate = share * closed.queries_per_s
        load = await sized_load(testbed, Load(0, 1, _WINDOW, rate, 0), scope.rules)
        passes = [
            await run_pass(testbed, dataclasses.replace(load, seed=number)) for number in range(scope.repetitions)
        ]
        keep(report, f"server.{share:g}", passes, scope.rules)
        middle = sorted(passes, key=lambda each: each.ms(99))[len(passes) // 2]
        lines.append(
            f"{rate:>9.1f}{middle.ms(50):>9.2f}{middle.ms(99):>9.2f}{middle.lateness_ms(99):>13.2f}"
            f"{middle.queries_per_s:>12.1f}"
        )
        if middle.ms(99) > scope.bound_ms:
            break
        highest = rate
    report.add("server.highest_rate", "queries/s", [highest])
    report.add("server.highest_over_closed_loop", "x", [highest / closed.queries_per_s])
    report.tables.append(f"server, Poisson arrivals, p99 held under {scope.bound_ms:g} ms\n" + "\n".join(lines))
