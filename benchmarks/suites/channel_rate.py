"""The channel emulator's rate: noisy symbols per second through the process, relative to drawing random numbers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from splitwave.benchmarks.floors.philox import normals_per_s
from splitwave.benchmarks.floors.transmit import transmitted_normals_per_s
from splitwave.benchmarks.load.services import start_service
from splitwave.benchmarks.load.uplink_source import send_blocks
from splitwave.benchmarks.load.worker_process import worker_process
from splitwave.benchmarks.readings.alternation import alternate
from splitwave.benchmarks.readings.report import Report, Samples
from splitwave.benchmarks.scope import Bench
from splitwave.common.config.layers import to_yaml
from splitwave.common.config.run_config import RunConfig
from splitwave.testbed.processes.supervisor import Supervisor

BLOCK = 4096
_STREAMS = 8


async def channel(bench: Bench) -> Report:
    """Measure one and eight streams through the emulator, `ChannelLink` alone, and Philox alone, alternately."""
    one, eight = _settings(1), _settings(_STREAMS)
    json, blocks = one.canonical_json(), bench.scope.channel_blocks
    report = bench.begin(
        "channel",
        {
            "block": BLOCK,
            "blocks": blocks,
            "streams": [one.links, eight.links],
            "credits": eight.runtime.credits,
            "dimension": eight.encoder.dimension,
            "breakpoints": eight.quantizer.breakpoints,
        },
    )
    report.record_config("one_stream", one)
    report.record_config("eight_streams", eight)
    few = max(8, blocks // 4)  # for the sides that hold all blocks in memory
    async with (
        _emulator(one, bench.folder / "channel-1") as one_address,
        _emulator(eight, bench.folder / "channel-8") as eight_address,
        worker_process() as source,
        worker_process() as alone,
    ):
        transfers: dict[str, list[Samples]] = {"one_stream": [], "eight_streams": []}

        async def through(name: str, address: str, config: RunConfig) -> float:
            times = await source.run(send_blocks, address, config.canonical_json(), blocks)
            transfers[name].append(times)
            answered = len(times) - 1
            return answered * BLOCK * config.encoder.dimension / (int(times[-1] - times[0]) / 1e9)

        rates = await alternate(
            {
                "philox": partial(alone.run, normals_per_s, BLOCK, one.encoder.dimension, blocks),
                "transmit": partial(alone.run, transmitted_normals_per_s, json, few, encoded=False),
                "transmit_encoded": partial(alone.run, transmitted_normals_per_s, json, few, encoded=True),
                "one_stream": partial(through, "one_stream", one_address, one),
                "eight_streams": partial(through, "eight_streams", eight_address, eight),
            },
            bench.scope.repetitions,
        )
    for name, values in rates.items():
        report.add(f"{name}.rate", "M normals/s", [value / 1e6 for value in values])
        if name != "philox":
            report.add_ratio(f"{name}.over_philox", values, rates["philox"])
    report.add_ratio("eight_streams.over_one", rates["eight_streams"], rates["one_stream"])
    for name, times in transfers.items():
        report.samples |= {f"{name}.{number}.answered_ns": each for number, each in enumerate(times)}
    return report


def _settings(links: int) -> RunConfig:
    return RunConfig.model_validate({"links": links, "inference": {"block_size": BLOCK}})


@asynccontextmanager
async def _emulator(config: RunConfig, folder: Path) -> AsyncIterator[str]:
    """Start a channel emulator connected to a sink; yields the emulator's address."""
    folder.mkdir()
    settings = (folder / "resolved.yaml").resolve()
    settings.write_text(to_yaml(config), encoding="utf-8")
    async with Supervisor(folder) as supervisor:
        sink = await start_service(
            supervisor, "sink", ["splitwave.benchmarks.load.uplink_sink", f"--config={settings}"]
        )
        emulator = await start_service(supervisor, "channel", ["splitwave.channel", f"--connect={sink.address}"])
        yield emulator.address
