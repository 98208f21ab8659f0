"""Latency with the airtime emulated, beside the same without: the difference should be the airtime."""

from collections.abc import Sequence
from functools import partial

from splitwave.benchmarks.load.load_pass import LoadPass, record_passes, run_pass, sized_workload
from splitwave.benchmarks.load.testbed_load import loaded_testbed
from splitwave.benchmarks.readings.alternation import Side, alternate
from splitwave.benchmarks.readings.hop_table import at, hop_table
from splitwave.benchmarks.readings.percentiles import percentile
from splitwave.benchmarks.readings.report import Report
from splitwave.benchmarks.scope import Bench, short_run
from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.workload import Workload

DIMENSION = 57
"""d of QML-IB's experiments; at 9,600 baud a sample is on the air for 5.94 ms."""


def _config(*, airtime: bool) -> RunConfig:
    settings = short_run(1).model_dump(mode="json")
    settings["encoder"]["dimension"] = DIMENSION
    settings["channel"]["timing"]["airtime"] = airtime
    return RunConfig.model_validate(settings)


async def timing(bench: Bench) -> Report:
    """Time single samples of one link through two testbeds, alternately: one with `channel.timing.airtime`."""
    report = bench.begin("timing", {"links": 1, "dimension": DIMENSION, "samples": 1, "window": 1})
    off, on = (report.record_config(name, _config(airtime=name == "on")) for name in ("off", "on"))
    async with (
        loaded_testbed(off, bench.folder / "off", bench.data_dir, one_device_process=True) as without,
        loaded_testbed(on, bench.folder / "on", bench.data_dir, one_device_process=True) as emulated,
    ):
        workload = await sized_workload(emulated, Workload(0, 1, 1, 0.0, 0), bench.scope.rules)
        sides: dict[str, Side[LoadPass]] = {
            "off": partial(run_pass, without, workload),
            "on": partial(run_pass, emulated, workload),
        }
        passes = await alternate(sides, bench.scope.repetitions)
    _add_readings(report, on.airtime_s * 1e3, passes["off"], passes["on"])
    for name, done in passes.items():
        record_passes(report, name, done, bench.scope.rules)
        report.tables.append(f"airtime {name}\n{hop_table(done[-1].links, on.airtime_s)}")
    return report


def _add_readings(report: Report, airtime_ms: float, off: Sequence[LoadPass], on: Sequence[LoadPass]) -> None:
    report.add("airtime", "ms", [airtime_ms])
    for name, measure in (("latency", _latency_ms), ("emulate", _emulate_ms)):
        without, emulated = ([measure(each) for each in passes] for passes in (off, on))
        report.add(f"{name}.off.p50", "ms", without)
        report.add(f"{name}.on.p50", "ms", emulated)
        added = [more - less for more, less in zip(emulated, without, strict=True)]
        report.add(f"{name}.added.p50", "ms", added)
        report.add(f"{name}.added_minus_airtime.p50", "ms", [each - airtime_ms for each in added])


def _latency_ms(done: LoadPass) -> float:
    return done.latency_ms(50)


def _emulate_ms(done: LoadPass) -> float:
    """The median of what the emulator says that it computed and waited."""
    (stamps,) = done.links
    return percentile(at(stamps, "channel_out") - at(stamps, "channel_in"), 50) / 1e6
