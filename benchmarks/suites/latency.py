"""SingleStream and MultiStream: latency with one query in flight over one or several links, relative to a gRPC echo."""

from collections.abc import Mapping, Sequence
from functools import partial

from splitwave.benchmarks.load.load_pass import LoadPass, record_passes, run_pass, sized_workload
from splitwave.benchmarks.load.testbed_load import loaded_testbed
from splitwave.benchmarks.readings.alternation import Side, alternate
from splitwave.benchmarks.readings.hop_plot import draw_hops
from splitwave.benchmarks.readings.hop_table import hop_table
from splitwave.benchmarks.readings.percentiles import percentile
from splitwave.benchmarks.readings.report import Report, Samples
from splitwave.benchmarks.readings.trace import write_trace
from splitwave.benchmarks.scope import Bench, short_run
from splitwave.benchmarks.suites.latency_floors import latency_floors
from splitwave.common.protocol.workload import LinkStamps, Workload

SCENARIOS = {"single_stream": 1, "multi_stream": 8, "two_links": 2}
"""Number of links of each scenario (MLPerf LoadGen's names); `two_links` has one device process per link."""
_OWN_PROCESSES = ("two_links",)
_TRACED_QUERIES = 200


async def latency(bench: Bench) -> Report:
    """Time single samples through the testbed, the echo, one process, and gloo, alternately."""
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


async def _scenario(bench: Bench, report: Report, name: str, links: int) -> LoadPass:
    config, together = short_run(links), name not in _OWN_PROCESSES
    report.record_config(name, config)
    report.record_config(f"{name}.inprocess", short_run(links, block_size=1), threads=1)
    async with (
        loaded_testbed(config, bench.folder / name, bench.data_dir, one_device_process=together) as testbed,
        latency_floors(bench, name, links) as floors,
    ):
        workload = await sized_workload(testbed, Workload(0, 1, 1, 0.0, 0), bench.scope.rules)
        sides: dict[str, Side[LoadPass | Samples]] = {"testbed": partial(run_pass, testbed, workload), **floors}
        outcomes = await alternate(sides, bench.scope.repetitions)
    passes = [each for each in outcomes.pop("testbed") if isinstance(each, LoadPass)]
    times = {side: [each for each in done if not isinstance(each, LoadPass)] for side, done in outcomes.items()}
    _add_readings(report, name, passes, times)
    record_passes(report, name, passes, bench.scope.rules)
    return passes[-1]


def _add_readings(
    report: Report, name: str, passes: Sequence[LoadPass], floors: Mapping[str, Sequence[Samples]]
) -> None:
    for percent in (50, 90, 99):
        report.add(f"{name}.p{percent}", "ms", [each.latency_ms(percent) for each in passes])
    ours = [each.latency_ms(50) for each in passes]
    p50 = {floor: [percentile(times, 50) / 1e6 for times in done] for floor, done in floors.items()}
    for floor, done in floors.items():
        report.add(f"{name}.{floor}.p50", "ms", p50[floor])
        report.add(f"{name}.{floor}.p99", "ms", [percentile(times, 99) / 1e6 for times in done])
        report.add_ratio(f"{name}.p50_over_{floor}", ours, p50[floor])
        report.samples |= {f"{name}.{floor}.{n}.latency_ns": times for n, times in enumerate(done)}
    echoes = [values for floor, values in p50.items() if floor.startswith("echo")]
    report.add_ratio(f"{name}.p50_over_fastest_echo", ours, [min(each) for each in zip(*echoes, strict=True)])
    report.add_ratio(f"{name}.p99_over_p50", [each.latency_ms(99) for each in passes], ours)
    report.add(f"{name}.lateness.p99", "ms", [each.lateness_ms(99) for each in passes])
    report.add(f"{name}.skew.p99", "ms", [each.skew_ms(99) for each in passes])
