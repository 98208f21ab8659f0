"""The cost per link as the number of links grows: CPU and wall time per query, and the memory of each process."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import partial

from splitwave.benchmarks.load.load_pass import LoadPass, record_passes, sized_workload
from splitwave.benchmarks.load.testbed_load import LoadedTestbed, loaded_testbed
from splitwave.benchmarks.machine.processes import Memory, all_cpu_s, memory_of, memory_table
from splitwave.benchmarks.readings.alternation import alternate
from splitwave.benchmarks.readings.hop_table import span_s
from splitwave.benchmarks.readings.report import Report
from splitwave.benchmarks.scope import Bench, short_run
from splitwave.common.protocol.workload import Workload

_FEW, _MANY = 4, 32
STALL_MS = 1000.0
"""The longest valid time of a query; a longer one means that links block each other or that the machine is busy."""
_OWN_PROCESSES = (2, 4)
"""Numbers of links that are also measured with one device process per link."""


@dataclass(frozen=True, slots=True)
class Cost:
    """One load pass, its CPU and wall time in microseconds per query and link, and the memory of each process."""

    measured: LoadPass
    cpu_us: float
    wall_us: float
    memory: dict[str, Memory]


async def scale(bench: Bench) -> Report:
    """Measure all numbers of links with one device process; 4 and 32 links alternately, for their ratio."""
    report = bench.begin("scale", {"links": list(bench.scope.links), "samples": 1, "window": 1})
    async with (
        _testbed(bench, _FEW, one_process=True) as few,
        _testbed(bench, _MANY, one_process=True) as many,
    ):
        pair = await _costs(bench, {_FEW: few, _MANY: many}, bench.scope.repetitions)
    for links in bench.scope.links:
        if links in pair:
            _add_readings(report, f"k{links}", links, pair[links], bench)
        else:
            await _measure_one(bench, report, links, one_process=True)
    for quantity in ("cpu", "wall"):
        ours, theirs = ([getattr(cost, f"{quantity}_us") for cost in pair[links]] for links in (_MANY, _FEW))
        report.add_ratio(f"k{_MANY}.{quantity}_over_k{_FEW}", ours, theirs)
    for links in () if bench.scope.quick else _OWN_PROCESSES:
        await _measure_one(bench, report, links, one_process=False)
    return report


async def _measure_one(bench: Bench, report: Report, links: int, *, one_process: bool) -> None:
    case = f"k{links}" if one_process else f"k{links}_own_processes"
    async with _testbed(bench, links, one_process=one_process) as testbed:
        costs = await _costs(bench, {links: testbed}, bench.scope.ladder_repetitions)
    _add_readings(report, case, links, costs[links], bench)


def _testbed(bench: Bench, links: int, *, one_process: bool) -> AbstractAsyncContextManager[LoadedTestbed]:
    folder = bench.folder / f"scale-{links}{'' if one_process else '-own'}"
    return loaded_testbed(short_run(links), folder, bench.data_dir, one_device_process=one_process)


async def _costs(bench: Bench, testbeds: dict[int, LoadedTestbed], repetitions: int) -> dict[int, list[Cost]]:
    sides = {}
    for links, testbed in testbeds.items():
        workload = await sized_workload(testbed, Workload(0, 1, 1, 0.0, 0), bench.scope.ladder_rules)
        sides[str(links)] = partial(_cost, testbed, workload)
    outcomes = await alternate(sides, repetitions)
    return {int(links): costs for links, costs in outcomes.items()}


async def _cost(testbed: LoadedTestbed, workload: Workload) -> Cost:
    before = all_cpu_s(testbed.pids)
    links = await testbed.measure(workload)
    used_s = all_cpu_s(testbed.pids) - before
    shares = workload.queries * len(links)
    memory = {role: memory_of(pid) for role, pid in testbed.pids.items()}
    return Cost(LoadPass(workload, links), 1e6 * used_s / shares, 1e6 * span_s(links) / shares, memory)


def _add_readings(report: Report, case: str, links: int, costs: list[Cost], bench: Bench) -> None:
    report.record_config(case, short_run(links))
    report.add(f"{case}.cpu", "µs/query/link", [cost.cpu_us for cost in costs])
    report.add(f"{case}.wall", "µs/query/link", [cost.wall_us for cost in costs])
    report.add(f"{case}.p50", "ms", [cost.measured.latency_ms(50) for cost in costs])
    longest = [cost.measured.latency_ms(100) for cost in costs]
    report.add(f"{case}.longest", "ms", longest)
    for role, memory in costs[-1].memory.items():
        if not role.startswith("device-") or role == "device-0":
            report.add(f"{case}.{role}.resident", "MiB", [memory.resident_mib])
            report.add(f"{case}.{role}.growth", "MiB", [memory.resident_mib - costs[0].memory[role].resident_mib])
    record_passes(report, case, [cost.measured for cost in costs], bench.scope.ladder_rules)
    if max(longest) > STALL_MS:
        report.problems.append(f"{case}: a query took {max(longest):.0f} ms: the {links} links stalled")
    report.tables.append(f"{case}, after {len(costs)} load passes\n{memory_table(costs[-1].memory)}")
