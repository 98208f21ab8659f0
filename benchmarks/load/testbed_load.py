"""Starts a testbed for a benchmark, and carries out load passes on it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from splitwave.benchmarks.load.services import start_service
from splitwave.common.config.layers import to_yaml
from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.workload import LinkStamps, Workload
from splitwave.common.records.results import RunResult
from splitwave.testbed.control_client import measure, watch_run
from splitwave.testbed.processes.supervisor import SERVICE_OPTIONS, Supervisor

_IDLE_S = 1_000_000.0
"""Interval between serving passes, longer than any benchmark, so that the base station only carries out load passes."""


@dataclass(frozen=True, slots=True)
class LoadedTestbed:
    """A running testbed that is idle between load passes.

    Attributes:
        config: settings of the testbed.
        result: result of its short training.
        address: address of the base station.
        pids: process ids by role.
    """

    config: RunConfig
    result: RunResult
    address: str
    pids: dict[str, int]
    supervisor: Supervisor

    async def measure(self, workload: Workload) -> list[LinkStamps]:
        """Carry out one load pass and return the time stamps of each link.

        Raises:
            SplitwaveError: a process ended, or the base station refused the workload.
        """
        return await self.supervisor.guard(measure(self.address, workload))


@asynccontextmanager
async def loaded_testbed(
    config: RunConfig, folder: Path, data_dir: Path | None, *, one_device_process: bool
) -> AsyncIterator[LoadedTestbed]:
    """Start base station, channel emulator and devices as processes, train them, and stop them when the context ends.

    Args:
        config: settings of the run.
        folder: folder for logs and the checkpoint; made if missing.
        data_dir: folder with the data sets, or None.
        one_device_process: host all links in one device process instead of one process per link.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "ckpt").mkdir(exist_ok=True)
    config_file = (folder / "resolved.yaml").resolve()
    config_file.write_text(to_yaml(config), encoding="utf-8")
    folders = [f"--state={(folder / 'ckpt').resolve()}"]
    if data_dir is not None:
        folders.append(f"--data={data_dir.resolve()}")
    async with Supervisor(folder) as supervisor:
        serving = [
            "splitwave.basestation",
            f"--config={config_file}",
            "--rejoin=0",
            f"--serve-every={_IDLE_S}",
            *folders,
        ]
        basestation = await start_service(supervisor, "basestation", serving)
        channel = await start_service(supervisor, "channel", ["splitwave.channel", f"--connect={basestation.address}"])
        for role, links in _device_processes(config.links, one_device_process):
            await supervisor.start(
                role, ["splitwave.device", f"--connect={channel.address}", *links, *folders, *SERVICE_OPTIONS]
            )
        result = await supervisor.guard(watch_run(basestation.address, lambda _: None))
        pids = {child.role: child.pid for child in supervisor.children}
        yield LoadedTestbed(config, result, basestation.address, pids, supervisor)


def _device_processes(links: int, one_process: bool) -> Sequence[tuple[str, list[str]]]:
    if one_process and links > 1:
        return [("devices", [f"--links=0-{links - 1}"])]
    return [(f"device-{link}", [f"--link={link}"]) for link in range(links)]
