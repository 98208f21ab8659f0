"""The cost of TLS: `python -m splitwave.benchmarks.tls`.

Two testbeds of an emulator and a base station that answers at once run side by side, one in plaintext and one with
mutual TLS on both hops. They are measured alternately: the rate with all credits in use, and the time of one block from
its departure to its answer with one block in flight.
"""

import argparse
import asyncio
import statistics
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from splitwave.benchmarks.load.services import start_service
from splitwave.benchmarks.load.uplink_source import send_blocks
from splitwave.benchmarks.load.worker_process import WorkerProcess, worker_process
from splitwave.common.config.layers import to_yaml
from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.identity import Identity, Role
from splitwave.common.runtime.number_options import whole_number
from splitwave.common.runtime.process import run_tool
from splitwave.testbed.certificates.store import LOCAL_HOSTS, CertificateStore
from splitwave.testbed.processes.supervisor import Supervisor

_PARTIES = (Role.BASESTATION, Role.CHANNEL, Role.DEVICE)


@dataclass(frozen=True, slots=True)
class _Testbed:
    """An emulator in front of a base station; `tls` is the folder of a device's certificates, or None."""

    address: str
    config: RunConfig
    tls: Path | None

    async def rate(self, source: WorkerProcess, blocks: int) -> float:
        """Blocks per second."""
        times = await source.run(send_blocks, self.address, self.config.canonical_json(), blocks, self.tls)
        return (len(times) - 1) / (int(times[-1] - times[0]) / 1e9)

    async def latency_us(self, source: WorkerProcess, blocks: int) -> float:
        """Median time of one block, in microseconds."""
        runtime = self.config.runtime.model_copy(update={"credits": 1})
        settings = self.config.model_copy(update={"runtime": runtime}).canonical_json()
        times = await source.run(send_blocks, self.address, settings, blocks, self.tls)
        return float(np.median(np.diff(times))) / 1e3


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure both alternately for each block size, and print the medians and their ratios."""
    options = _parse(arguments)
    for samples in options.batch:
        asyncio.run(_measure(samples, options.blocks, options.repetitions))


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m splitwave.benchmarks.tls", description=__doc__)
    parser.add_argument("--batch", type=whole_number(1, 4096), nargs="+", default=[1, 256], help="samples per block")
    parser.add_argument("--blocks", type=whole_number(2, 1_000_000), default=1_000, help="timed blocks")
    parser.add_argument("--repetitions", type=whole_number(1, 1_000), default=5, help="of each measurement")
    return parser.parse_args(arguments)


async def _measure(samples: int, blocks: int, repetitions: int) -> None:
    config = RunConfig.model_validate({"links": 1, "inference": {"block_size": samples}})
    rates: dict[str, list[float]] = {"plaintext": [], "TLS": []}
    latencies: dict[str, list[float]] = {"plaintext": [], "TLS": []}
    with TemporaryDirectory(prefix="splitwave-") as name:
        async with _testbeds(config, Path(name)) as testbeds, worker_process() as source:
            for _ in range(repetitions):
                for kind, testbed in testbeds.items():
                    rates[kind].append(await testbed.rate(source, blocks))
                    latencies[kind].append(await testbed.latency_us(source, blocks))
    dimension, window = config.encoder.dimension, config.runtime.credits
    print(f"B={samples} d={dimension} credits={window}, {blocks} blocks, median of {repetitions}")
    _print("rate", "blocks/s", rates)
    _print("latency", "us", latencies)


def _print(what: str, unit: str, values: dict[str, list[float]]) -> None:
    plain, encrypted = (statistics.median(values[kind]) for kind in ("plaintext", "TLS"))
    ratio = encrypted / plain
    print(f"  {what:8} plaintext {plain:9.1f} {unit:8}  TLS {encrypted:9.1f} {unit:8}  TLS/plaintext {ratio:.3f}")


@asynccontextmanager
async def _testbeds(config: RunConfig, folder: Path) -> AsyncIterator[dict[str, _Testbed]]:
    settings = folder / "resolved.yaml"
    settings.write_text(to_yaml(config), encoding="utf-8")
    store = CertificateStore.create(folder / "certificates", days=1)
    for role in _PARTIES:
        store.add(Identity(role, role.value), LOCAL_HOSTS if role.serves else (), days=1)
    async with Supervisor(folder) as supervisor:
        plain = await _start(supervisor, "plain", settings, None)
        encrypted = await _start(supervisor, "tls", settings, store.folder)
        yield {
            "plaintext": _Testbed(plain, config, None),
            "TLS": _Testbed(encrypted, config, store.folder / Role.DEVICE),
        }


async def _start(supervisor: Supervisor, kind: str, settings: Path, certificates: Path | None) -> str:
    def tls(role: Role) -> list[str]:
        return [] if certificates is None else [f"--tls-dir={certificates / role}"]

    module = "splitwave.benchmarks.load.uplink_sink"
    sink = await start_service(supervisor, f"sink-{kind}", [module, f"--config={settings}", *tls(Role.BASESTATION)])
    emulator = await start_service(
        supervisor, f"channel-{kind}", ["splitwave.channel", f"--connect={sink.address}", *tls(Role.CHANNEL)]
    )
    return emulator.address


if __name__ == "__main__":
    sys.exit(run_tool(main))
