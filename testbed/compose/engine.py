"""The compose engine: base station, channel emulator and devices as containers of a project of their own."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from docker import DockerClient

from splitwave.common.config.layers import to_yaml
from splitwave.common.errors import SplitwaveError
from splitwave.common.records.results import RunResult
from splitwave.testbed.compose.command import Compose
from splitwave.testbed.compose.container_failures import unless_one_is_lost, write_logs
from splitwave.testbed.compose.docker_api import docker_engine
from splitwave.testbed.compose.lifecycle import Deployment, bring_up, check_images, stop, take_down
from splitwave.testbed.compose.sampler import Sampler
from splitwave.testbed.compose.state_volume import get_checkpoint
from splitwave.testbed.compose.watching import Watcher
from splitwave.testbed.engine import Job, Note, Observer, Progress
from splitwave.testbed.interruption import run_interruptibly


class ComposeEngine:
    """Runs a job in containers, and removes them; must be called in the main thread, for it handles Ctrl-C."""

    def run(self, job: Job, observe: Observer) -> RunResult:
        """Run the job; see `splitwave.testbed.engine.Engine`.

        The usage that it reports is sampled once a second; the last sample is taken when the result is there.

        Raises:
            SplitwaveError: Docker or Compose is not to be had, or a container ended for good; of the class that fits
                its exit code.
            KeyboardInterrupt: SIGINT, SIGTERM or SIGHUP came; the containers have been removed.
        """
        with docker_engine() as client, _deployment(job) as deployment:
            compose = Compose.find(f"splitwave-{secrets.token_hex(4)}", deployment.variables())
            check_images(client, compose)
            return run_interruptibly(_carry_out(client, compose, deployment, job, observe))


async def _carry_out(
    client: DockerClient, compose: Compose, deployment: Deployment, job: Job, observe: Observer
) -> RunResult:
    project = compose.project
    sampler = Sampler(project)
    watcher = Watcher(client, project, job.config.config_hash, job.log_dir)
    observe(Note(f"project {project}; from another terminal: splitwave status --engine compose --project {project}"))
    try:
        with sampler.running():
            await bring_up(client, compose, deployment.restore, job.log_dir)
            result = await unless_one_is_lost(client, project, job.log_dir, watcher.follow(observe))
        for usage in sampler.usage():
            observe(usage)
        if not job.restore:
            get_checkpoint(client, project, job.checkpoint_dir)
        return result
    finally:
        observe(Progress("stopping", 0, 0, 0, 0))
        # Nothing here awaits, so no second Ctrl-C cuts it short.
        _clean_up(client, compose, job)


def _clean_up(client: DockerClient, compose: Compose, job: Job) -> None:
    try:
        stop(compose)
        write_logs(client, compose.project, job.log_dir)
        if not job.restore and not job.checkpoint_dir.exists():  # a run that ends early may have published one
            with suppress(SplitwaveError, OSError):  # what ended the run is the error to tell
                get_checkpoint(client, compose.project, job.checkpoint_dir)
    finally:
        take_down(compose, volumes=True)


@contextmanager
def _deployment(job: Job) -> Iterator[Deployment]:
    """With the resolved settings in a file, for the base station to read."""
    path = job.log_dir / "resolved.yaml"
    path.write_text(to_yaml(job.config), encoding="utf-8")
    path.chmod(0o644)  # the containers' user is not this one
    restore = job.checkpoint_dir if job.restore else None
    try:
        yield Deployment(path, job.config.links, job.data_dir, restore, any_port=True)
    finally:
        path.unlink()
