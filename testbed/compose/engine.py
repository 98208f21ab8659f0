"""The compose engine: runs base station, channel emulator and devices as containers of a temporary project."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from docker import DockerClient

from splitwave.common.config.layers import to_yaml
from splitwave.common.errors import SplitwaveError
from splitwave.common.records.manifest import Manifest
from splitwave.common.records.results import RunResult
from splitwave.testbed.compose.compose_command import Compose
from splitwave.testbed.compose.container_failures import guard_containers, write_logs
from splitwave.testbed.compose.docker_api import docker_engine
from splitwave.testbed.compose.lifecycle import Deployment, bring_up, check_images, stop, take_down
from splitwave.testbed.compose.run_watcher import RunWatcher
from splitwave.testbed.compose.state_volume import get_checkpoints
from splitwave.testbed.compose.stop_relay import stopping
from splitwave.testbed.compose.usage_sampler import UsageSampler
from splitwave.testbed.engine import Job, Message, Observer, Progress
from splitwave.testbed.interruption import run_interruptibly


class ComposeEngine:
    """Runs a job in containers and removes them; must be called in the main thread because it handles Ctrl-C."""

    def run(self, job: Job, observe: Observer) -> RunResult:
        """Run the job; see `splitwave.testbed.engine.Engine`.

        The reported usage is sampled once a second; the last sample is taken when the result is available.

        Raises:
            SplitwaveError: Docker or Compose is not available, or a container ended permanently; in the latter case
                the class corresponds to its exit code.
            RunStoppedError: training ended because of the job's `StopRequest`.
            KeyboardInterrupt: SIGINT, SIGTERM or SIGHUP was received; the containers have been removed.
        """
        with docker_engine() as client, _deployment(job) as deployment:
            compose = Compose.find(f"splitwave-{secrets.token_hex(4)}", deployment.variables())
            check_images(client, compose)
            return run_interruptibly(_carry_out(client, compose, deployment, job, observe))


async def _carry_out(
    client: DockerClient, compose: Compose, deployment: Deployment, job: Job, observe: Observer
) -> RunResult:
    project = compose.project
    sampler = UsageSampler(project)
    watcher = RunWatcher(client, project, job.config.config_hash, job.log_dir)
    observe(Message(f"project {project}; from another terminal: splitwave status --engine compose --project {project}"))
    unsaved = not job.restore
    try:
        with sampler.running():
            await bring_up(client, compose, deployment.begin, job.log_dir)
            async with stopping(client, project, job.checkpoints.stop):
                result = await guard_containers(client, project, job.log_dir, watcher.follow(observe))
        for usage in sampler.usage():
            observe(usage)
        if unsaved:
            get_checkpoints(client, project, job.checkpoint_dir)
            Manifest.read(job.checkpoint_dir)
            unsaved = False
        return result
    finally:
        observe(Progress("stopping", 0, 0, 0, 0))
        # The clean-up does not await, so a second Ctrl-C cannot cut it short.
        _clean_up(client, compose, job, unsaved=unsaved)


def _clean_up(client: DockerClient, compose: Compose, job: Job, *, unsaved: bool) -> None:
    try:
        stop(compose)
        write_logs(client, compose.project, job.log_dir)
        if unsaved:  # a run that ends early may have published checkpoints
            with suppress(SplitwaveError, OSError):  # the error that ended the run is the one to report
                get_checkpoints(client, compose.project, job.checkpoint_dir)
    finally:
        take_down(compose, volumes=True)


@contextmanager
def _deployment(job: Job) -> Iterator[Deployment]:
    """Write the resolved settings to a file for the base station and yield the deployment; removes the file on exit."""
    path = job.log_dir / "resolved.yaml"
    path.write_text(to_yaml(job.config), encoding="utf-8")
    path.chmod(0o644)  # the containers run as another user
    kept = job.checkpoints
    begin = job.checkpoint_dir if job.restore or kept.resume else None
    options = {
        "RESTORE": "--restore" if job.restore else "",
        "CHECKPOINT_EVERY": str(kept.every),
        "KEEP_CHECKPOINTS": str(kept.keep),
        "RESUME": "always" if kept.resume else "if-same",
    }
    try:
        yield Deployment(path, job.config.links, job.data_dir, begin, options, any_port=True)
    finally:
        path.unlink()
