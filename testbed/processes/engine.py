"""The process engine: runs base station, channel emulator and devices as processes on free loopback ports."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from splitwave.common.config.layers import to_yaml
from splitwave.common.errors import ConfigError
from splitwave.common.records.results import RunResult
from splitwave.testbed.control_client import watch_run
from splitwave.testbed.engine import Job, Observer
from splitwave.testbed.interruption import run_interruptibly
from splitwave.testbed.processes.announcement import Announcement
from splitwave.testbed.processes.child import Child
from splitwave.testbed.processes.supervisor import SERVER_OPTIONS, SERVICE_OPTIONS, Supervisor


class ProcessEngine:
    """Runs a job in local processes; must be called in the main thread because it handles Ctrl-C."""

    def run(self, job: Job, observe: Observer) -> RunResult:
        """Run the job; see `splitwave.testbed.engine.Engine`.

        Raises:
            SplitwaveError: a process ended unexpectedly; the class corresponds to its exit code.
            KeyboardInterrupt: SIGINT or SIGTERM was received; the processes have been stopped.
        """
        return run_interruptibly(_carry_out(job, observe))


async def _carry_out(job: Job, observe: Observer) -> RunResult:
    with _config_file(job) as config_file:
        async with Supervisor(job.log_dir) as supervisor:
            basestation = await _start_basestation(supervisor, job, config_file)
            address = await supervisor.address_of(basestation)
            arguments = ["splitwave.channel", f"--connect={address}", *_module_folder(job), *SERVER_OPTIONS]
            channel = await supervisor.start("channel", arguments, announces=True)
            channel_address = await supervisor.address_of(channel)
            devices = [await _start_device(supervisor, job, links, channel_address) for links in _hosted(job)]
            pids = {"splitwave": os.getpid()} | {child.role: child.pid for child in supervisor.children}
            with Announcement(job.config.config_hash, address, channel_address, pids).published(job.log_dir):
                result = await supervisor.guard(watch_run(address, observe))
                # The result is complete, so a process that has to be stopped now is no failure.
                await supervisor.wait_for_exit([*devices, basestation])
            return result


async def _start_basestation(supervisor: Supervisor, job: Job, config_file: Path) -> Child:
    arguments = ["splitwave.basestation", f"--config={config_file}", *_folders(job), "--rejoin=0", *SERVER_OPTIONS]
    if job.restore:
        arguments.append("--restore")
    return await supervisor.start("basestation", arguments, announces=True, finishes=True)


def _hosted(job: Job) -> list[str]:
    """Return the links of each device process in the form of its `--links` option."""
    links, each = job.config.links, job.links_per_process
    if each < 1:
        raise ConfigError(f"links_per_process = {each}: a device process hosts one link or more")
    ends = [(first, min(first + each, links) - 1) for first in range(0, links, each)]
    return [str(first) if first == last else f"{first}-{last}" for first, last in ends]


async def _start_device(supervisor: Supervisor, job: Job, links: str, channel_address: str) -> Child:
    where = (f"--connect={channel_address}", f"--links={links}", *_folders(job), "--shared-state")
    arguments = ["splitwave.device", *where, *SERVICE_OPTIONS]
    return await supervisor.start(f"device-{links}", arguments, finishes=True)


def _folders(job: Job) -> list[str]:
    folders = {"state": job.checkpoint_dir, "data": job.data_dir}
    named = [f"--{option}={folder.resolve()}" for option, folder in folders.items() if folder is not None]
    return [*named, *_module_folder(job)]


def _module_folder(job: Job) -> list[str]:
    """Let a party import what the settings name: this command's user does."""
    return [f"--python-path={(job.python_path or Path.cwd()).resolve()}"] if job.config.named_objects else []


@contextmanager
def _config_file(job: Job) -> Iterator[Path]:
    """Write the resolved settings to a file for the base station; the file is removed on exit."""
    path = (job.log_dir / "resolved.yaml").resolve()
    try:
        path.write_text(to_yaml(job.config), encoding="utf-8")
        yield path
    finally:
        path.unlink()
