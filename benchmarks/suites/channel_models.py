"""Each channel model's rate relative to that of AWGN alone: what a block costs the emulator between its encodings.

Seconds are those of the processor, which other programs on the machine do not use up.
"""

import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from splitwave.benchmarks.floors.transmit import transmitted_normals_per_s
from splitwave.benchmarks.load.worker_process import worker_process
from splitwave.benchmarks.readings.alternation import alternate
from splitwave.benchmarks.readings.report import Reading, Report
from splitwave.benchmarks.scope import Bench
from splitwave.common.config.channel_settings import ChannelModelChoice
from splitwave.common.config.registry import AWGN, CHANNEL_MODELS
from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import ConfigError
from splitwave.common.protocol.channel_model import channel_model

BLOCK = 4096
TRACE_FILE = "trace.csv"
OPTIONS: Mapping[str, Mapping[str, object]] = {
    "path-loss": {"distance_m": 2.0},
    "mixture": {"of": ["gain", "rayleigh"]},
    "erasures": {"probability": 0.1},
    "gilbert-elliott": {"p_bad": 0.05, "p_good": 0.25},
    "clipping": {"amplitude": 0.8},
    "phase-noise": {"std_deg": 5.0},
    "trace": {"path": TRACE_FILE, "period_s": 0.01},
}
"""For models that need some, or whose cost depends on them; the others are measured with their defaults."""


async def models(bench: Bench) -> Report:
    """Measure AWGN alone, and each other model before AWGN, alternately; models that mix links are left out."""
    chosen = {name: config_of(name) for name in CHANNEL_MODELS.built_in if not mixes_links(name)}
    blocks = max(8, bench.scope.channel_blocks // 4)
    settings = {"block": BLOCK, "blocks": blocks, "dimension": RunConfig().encoder.dimension}
    report = bench.begin("models", settings)
    for name, config in chosen.items():
        report.record_config(name, config)
    write_trace(bench.folder)
    async with worker_process() as alone:
        sides = {
            name: partial(
                alone.run,
                transmitted_normals_per_s,
                config.canonical_json(),
                blocks,
                bench.folder,
                time.process_time,
                encoded=True,
            )
            for name, config in chosen.items()
        }
        rates = await alternate(sides, bench.scope.repetitions)
    ratios = []
    for name, values in rates.items():
        report.add(f"{name}.rate", "M symbols/s", [value / 1e6 for value in values])
        if name != AWGN:
            ratios.append(report.add_ratio(f"{name}.over_awgn", values, rates[AWGN]))
    report.tables.append(table_of(ratios))
    return report


def config_of(name: str) -> RunConfig:
    """Settings with large blocks on one link, whose channel is a model before AWGN."""
    chain: list[object] = [AWGN] if name == AWGN else [{"name": name, **OPTIONS.get(name, {})}, AWGN]
    settings = {"links": 1, "inference": {"block_size": BLOCK}, "channel": {"model": chain}}
    return RunConfig.model_validate(settings)


def mixes_links(name: str) -> bool:
    """Whether a model needs the blocks of all links, so that one link alone has no rate.

    Raises:
        ConfigError: the model needs options that `OPTIONS` lacks.
    """
    choice = ChannelModelChoice(name=name, **OPTIONS.get(name, {}))
    try:
        return bool(getattr(channel_model(choice, RunConfig(), 0), "is_shared", False))
    except ConfigError as error:
        raise ConfigError(f"benchmarks/suites/channel_models.py, OPTIONS: {error}") from error


def write_trace(folder: Path) -> None:
    """A trace of a day, one gain a second."""
    rows = "".join(f"{second},{-(second % 11) / 2}\n" for second in range(86_400))
    (folder / TRACE_FILE).write_text("time_s,gain_db\n" + rows, encoding="utf-8")


def table_of(ratios: list[Reading]) -> str:
    """The models by their rate over AWGN's, the fastest first: median and range."""
    rows = [f"{'model before awgn':<20}{'over awgn':>10}  range"]
    for reading in sorted(ratios, key=lambda reading: -reading.value):
        name = reading.name.split(".")[1]
        spread = f"{min(reading.repetitions):.3f} … {max(reading.repetitions):.3f}"
        rows.append(f"{name:<20}{reading.value:>10.3f}  {spread}")
    return "\n".join(rows)
