"""SingleStream and MultiStream: one query in flight, of one link or of eight, over a bare two-hop gRPC echo."""

from collections.abc import Sequence
from functools import partial

from benchmarks.hop_plot import draw_hops
from benchmarks.hop_table import hop_table
from benchmarks.latency_floors import latency_floors
from benchmarks.passes import Pass, keep, run_pass, sized_load
from benchmarks.percentiles import percentile
from benchmarks.report import Report, Samples
from benchmarks.rounds import Side, alternate
from benchmarks.scope import Bench, short_run
from benchmarks.testbed_load import loaded_testbed
from benchmarks.trace import write_trace
from common.load import LinkStamps, Load

SCENARIOS = {"single_stream": 1, "multi_stream": 8}
"""MLPerf LoadGen's names, and the links of each."""
_TRACED_QUERIES = 200


async def latency(bench: Bench) -> Report:
    """Time single samples through the testbed, the echo, one process, and gloo, in turn."""
    report = bench.begin("latency", {"links": SCENARIOS, "samples": 1, "window": 1})
    traced: dict[str, Sequence[LinkStamps]] = {}
    echo_p50_ms: dict[str, float] = {}
    for name, links in SCENARIOS.items():
        last = await _scenario(bench, report, name, links)
        traced[name] = last.links
        echo_p50_ms[name] = next(each.value for each in report.readings if each.name == f"latency.{name}.echo.p50")
        write_trace(bench.figures / f"trace-{name}.json", last.links, _TRACED_QUERIES)
    airtime_s = short_run(1).airtime_s
    report.tables += [f"{name}\n{hop_table(links, airtime_s)}" for name, links in traced.items()]
    draw_hops(traced, echo_p50_ms, airtime_s * 1e3 if bench.airtime else None, bench.figures / "hops")
    return report


async def _scenario(bench: Bench, report: Report, name: str, links: int) -> Pass:
    passes: list[Pass] = []
    floors: dict[str, list[Samples]] = {}
    async with (
        loaded_testbed(short_run(links), bench.folder / name, bench.data_dir, one_device_process=True) as testbed,
        latency_floors(bench, links) as sides,
    ):
        load = await sized_load(testbed, Load(0, 1, 1, 0.0, 0), bench.scope.rules)

        async def ours() -> None:
            passes.append(await run_pass(testbed, load))

        async def floor(side: str) -> None:
            floors.setdefault(side, []).append(await sides[side]())

        theirs: dict[str, Side[None]] = {side: partial(floor, side) for side in sides}
        await alternate({"testbed": ours, **theirs}, bench.scope.repetitions)
    _read(report, name, passes, floors)
    keep(report, name, passes, bench.scope.rules)
    return passes[-1]


def _read(report: Report, name: str, passes: Sequence[Pass], floors: dict[str, list[Samples]]) -> None:
    for percent in (50, 90, 99):
        report.add(f"{name}.p{percent}", "ms", [each.ms(percent) for each in passes])
    for floor, repetitions in floors.items():
        for percent in (50, 99):
            values = [percentile(times, percent) / 1e6 for times in repetitions]
            report.add(f"{name}.{floor}.p{percent}", "ms", values)
        ours = [each.ms(50) for each in passes]
        report.add_ratio(f"{name}.p50_over_{floor}", ours, [percentile(times, 50) / 1e6 for times in repetitions])
        report.samples |= {f"{name}.{floor}.{n}.latency_ns": times for n, times in enumerate(repetitions)}
    report.add_ratio(f"{name}.p99_over_p50", [each.ms(99) for each in passes], [each.ms(50) for each in passes])
    report.add(f"{name}.lateness.p99", "ms", [each.lateness_ms(99) for each in passes])
