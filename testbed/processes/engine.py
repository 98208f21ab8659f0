"""The process engine: runs base station, channel emulator and devices as processes on free loopback ports."""

import asyncio
import os
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from splitwave.common.config.layers import to_yaml
from splitwave.common.errors import ConfigError, RunFailedError
from splitwave.common.exit_codes import ExitCode
from splitwave.common.records.results import RunResult
from splitwave.testbed.control_client import watch_run
from splitwave.testbed.engine import Checkpointing, Job, Observer, Restarted
from splitwave.testbed.interruption import run_interruptibly
from splitwave.testbed.processes.announcement import Announcement, PublishedPids
from splitwave.testbed.processes.child import Child
from splitwave.testbed.processes.process_death import Death, describe
from splitwave.testbed.processes.supervisor import GRACE_S, READY_LIMIT_S, SERVER_OPTIONS, SERVICE_OPTIONS, Supervisor
from splitwave.testbed.run_follower import follow_run
from splitwave.testbed.stopping import StopRequest

RETURN_LIMIT_S = 2 * READY_LIMIT_S
"""Seconds that parties wait for one that is started again; if it cannot be, the supervisor ends all of them."""
WATCHER_LIMIT_S = 60.0
"""Seconds that a base station with a result waits until this process, which may have lost it, has the result."""


class ProcessEngine:
    """Runs a job in local processes; must be called in the main thread because it handles Ctrl-C."""

    def run(self, job: Job, observe: Observer) -> RunResult:
        """Run the job; see `splitwave.testbed.engine.Engine`.

        Raises:
            SplitwaveError: a process ended unexpectedly; the class corresponds to its exit code.
            RunStoppedError: training ended because of the job's `StopRequest`.
            KeyboardInterrupt: SIGINT or SIGTERM was received; the processes have been stopped.
        """
        return run_interruptibly(_carry_out(job, observe))


async def _carry_out(job: Job, observe: Observer) -> RunResult:
    # What an operator changed of the links lives as long as this run, however often the emulator is started again.
    with _config_file(job) as config_file, TemporaryDirectory(prefix="splitwave-channel-") as state:
        pids = PublishedPids(job.log_dir)

        def note(death: Death, count: int) -> None:
            role = death.child.role
            text = f"{role} {describe(death.exit_code)}; started again ({count} of {job.max_restarts})"
            observe(Restarted(text, role))
            pids.update(_pids(supervisor))

        async with Supervisor(job.log_dir, job.max_restarts, note) as supervisor:
            basestation = await _start_basestation(supervisor, job, config_file)
            address = await supervisor.address_of(basestation)
            arguments = ["splitwave.channel", f"--connect={address}", f"--state={state}"]
            arguments += [*_folders(job, "data"), *SERVER_OPTIONS]
            channel = await supervisor.start("channel", arguments, announces=True)
            channel_address = await supervisor.address_of(channel)
            devices = [await _start_device(supervisor, job, links, channel_address) for links in _hosted(job)]
            with pids.published(Announcement(job.config.config_hash, address, channel_address, _pids(supervisor))):
                async with _stopping(job.checkpoints.stop, basestation):
                    result = await supervisor.guard(_watch(job, address, observe))
                # The result is complete, so a process that has to be stopped now is no failure.
                await supervisor.wait_for_exit([*devices, basestation])
            return result


def _watch(job: Job, address: str, observe: Observer) -> Coroutine[object, object, RunResult]:
    if not job.max_restarts:
        return watch_run(address, observe)
    return follow_run(address, observe, RETURN_LIMIT_S)


def _pids(supervisor: Supervisor) -> dict[str, int]:
    return {"splitwave": os.getpid()} | {child.role: child.pid for child in supervisor.children}


async def _start_basestation(supervisor: Supervisor, job: Job, config_file: Path) -> Child:
    rejoin_s = RETURN_LIMIT_S if job.max_restarts else 0
    arguments = ["splitwave.basestation", f"--config={config_file}", *_folders(job), f"--rejoin={rejoin_s:g}"]
    arguments += SERVER_OPTIONS
    if job.max_restarts:
        arguments.append(f"--await-watcher={WATCHER_LIMIT_S:g}")
    if job.answers is not None:
        arguments.append(f"--answers={job.answers}")
    if job.restore:
        arguments.append("--restore")
        return await supervisor.start("basestation", arguments, announces=True, finishes=True)
    arguments += _checkpointing(job.checkpoints)
    return await supervisor.start("basestation", arguments, announces=True, finishes=True, again=("--resume",))


def _checkpointing(kept: Checkpointing) -> list[str]:
    resume = ["--resume"] if kept.resume else []
    return [f"--checkpoint-every={kept.every}", f"--keep-checkpoints={kept.keep}", *resume]


@asynccontextmanager
async def _stopping(stop: StopRequest | None, basestation: Child) -> AsyncIterator[None]:
    """Within the `async with`, pass a request to stop on to the base station."""
    if stop is None:
        yield
        return

    async def relay() -> None:
        await stop.wait()
        while True:  # a base station that was killed meanwhile, and is started again, has to be asked again
            await basestation.ready.wait()
            basestation.keep_and_stop()
            await basestation.exited()

    with stop.listening():
        relaying = asyncio.create_task(relay())
        try:
            yield
        except RunFailedError:  # a watcher learns that the run ended, and not always before the process did
            if stop.requested and await _exit_code(basestation) == ExitCode.STOPPED:
                raise Death(basestation, ExitCode.STOPPED).error() from None
            raise
        finally:
            relaying.cancel()


async def _exit_code(child: Child) -> int | None:
    """Wait for the end of a process that is ending; None if it takes too long."""
    try:
        return await asyncio.wait_for(child.exited(), GRACE_S)
    except TimeoutError:
        return None


def _hosted(job: Job) -> list[str]:
    """Return the links of each device process in the form of its `--links` option."""
    links, each = job.config.links, job.links_per_process
    if each < 1:
        raise ConfigError(f"links_per_process = {each}: a device process hosts one link or more")
    ends = [(first, min(first + each, links) - 1) for first in range(0, links, each)]
    return [str(first) if first == last else f"{first}-{last}" for first, last in ends]


async def _start_device(supervisor: Supervisor, job: Job, links: str, channel_address: str) -> Child:
    where = (f"--connect={channel_address}", f"--links={links}", *_folders(job), "--shared-state")
    patience = (f"--connect-timeout={RETURN_LIMIT_S:g}",) if job.max_restarts else ()
    arguments = ["splitwave.device", *where, *patience, *SERVICE_OPTIONS]
    return await supervisor.start(f"device-{links}", arguments, finishes=True)


def _folders(job: Job, *options: str) -> list[str]:
    folders = {"state": job.checkpoint_dir, "data": job.data_dir}
    chosen = {option: folders[option] for option in options or folders}
    named = [f"--{option}={folder.resolve()}" for option, folder in chosen.items() if folder is not None]
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
