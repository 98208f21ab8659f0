"""SingleStream and MultiStream: one query in flight, of one link or of eight, over a bare two-hop gRPC echo."""

import asyncio
from collections.abc import Sequence

from benchmarks.floors.echo_client import EchoTimes, echo
from benchmarks.floors.gloo import exchange
from benchmarks.floors.pipeline import query_times_ns
from benchmarks.hop_plot import draw_hops
from benchmarks.hop_table import hop_table
from benchmarks.passes import Pass, keep, run_pass, sized_load
from benchmarks.percentiles import percentile
from benchmarks.report import Report, Samples
from benchmarks.rounds import alternate
from benchmarks.scope import Bench, short_run
from benchmarks.services import two_hop_echo
from benchmarks.testbed_load import LinkStamps, Load, loaded_testbed
from benchmarks.trace import write_trace
from benchmarks.wire_cost import uplink_cost
from benchmarks.worker_process import WorkerProcess, worker_process

SCENARIOS = {"single_stream": 1, "multi_stream": 8}
"""MLPerf LoadGen's names, and the links of each."""
_TRACED_QUERIES = 200


async def latency(bench: Bench) -> Report:
    """Time single samples through the testbed, the echo, one process, and gloo, in turn."""
    report = Report("latency", {"links": SCENARIOS, "samples": 1, "window": 1})
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
    scope, config = bench.scope, short_run(links)
    single = short_run(links, block_size=1).canonical_json()
    message_bytes = uplink_cost(1).message_bytes
    echoes = Load(scope.floor_queries, 1, 1, 0.0, 0)
    async with (
        loaded_testbed(config, bench.folder / name, bench.data_dir, one_device_process=True) as testbed,
        two_hop_echo(bench.folder / f"{name}-echo") as echo_address,
        worker_process() as client,
        worker_process() as pipeline,
        worker_process() as peer,
    ):
        load = await sized_load(testbed, Load(0, 1, 1, 0.0, 0), scope.rules)
        passes: list[Pass] = []
        floors: dict[str, list[Samples]] = {"echo": [], "echo_one_stream": [], "inprocess": [], "gloo": []}

        async def ours() -> None:
            passes.append(await run_pass(testbed, load))

        async def echoed() -> None:
            times: EchoTimes = await client.run(echo, echo_address, links, message_bytes, echoes)
            floors["echo"].append(times.latency_ns)

        async def echoed_together() -> None:
            together = links * message_bytes  # as links of one process travel in one bundle
            times: EchoTimes = await client.run(echo, echo_address, 1, together, echoes)
            floors["echo_one_stream"].append(times.latency_ns)

        async def inprocess() -> None:
            queries = scope.floor_queries
            floors["inprocess"].append(await pipeline.run(query_times_ns, single, bench.data_dir, 1, queries))

        async def tensors() -> None:
            floors["gloo"].append(await _gloo(pipeline, peer, bench, f"{name}-{len(floors['gloo'])}"))

        sides = {
            "testbed": ours,
            "echo": echoed,
            "echo_one_stream": echoed_together,
            "inprocess": inprocess,
            "gloo": tensors,
        }
        await alternate(sides, scope.repetitions)
    _read(report, name, passes, floors)
    keep(report, name, passes, scope.rules)
    return passes[-1]


async def _gloo(device: WorkerProcess, basestation: WorkerProcess, bench: Bench, name: str) -> Samples:
    """Round trips of one sample's tensor between two processes."""
    rendezvous = (bench.folder / f"{name}.rendezvous").resolve()
    exchanges = bench.scope.floor_queries
    answering = asyncio.create_task(basestation.run(exchange, rendezvous, 1, 1, 28, exchanges))
    times = await device.run(exchange, rendezvous, 0, 1, 28, exchanges)
    await answering
    rendezvous.unlink(missing_ok=True)
    return times


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
