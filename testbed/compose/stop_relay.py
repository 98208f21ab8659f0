"""Passes a request to stop a training on to the base station's container."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from docker import DockerClient
from docker.errors import APIError

from splitwave.common.errors import RunFailedError, RunStoppedError, SplitwaveError
from splitwave.common.exit_codes import ExitCode
from splitwave.testbed.compose.container_failures import POLL_S
from splitwave.testbed.compose.containers import find_parts
from splitwave.testbed.compose.reachability import wait_until_reachable
from splitwave.testbed.compose.state_volume import basestation
from splitwave.testbed.stopping import StopRequest

_EXIT_LIMIT_S = 15.0


@asynccontextmanager
async def stopping(client: DockerClient, project: str, stop: StopRequest | None) -> AsyncIterator[None]:
    """Within the `async with`, pass a request to stop on to the base station of a project.

    Raises:
        RunStoppedError: the body failed because training ended after a checkpoint.
    """
    if stop is None:
        yield
        return
    with stop.listening():
        relaying = asyncio.create_task(_relay(client, project, stop))
        try:
            yield
        except RunFailedError as error:  # a watcher may learn that the run ended before its container did
            if stop.requested and await _exit_code(client, project) == ExitCode.STOPPED:
                raise RunStoppedError(str(error)) from None
            raise
        finally:
            relaying.cancel()


async def _relay(client: DockerClient, project: str, stop: StopRequest) -> None:
    """Send the signal once. Docker does not restart a container that ends after one, whatever its restart policy."""
    await stop.wait()
    while True:
        with suppress(SplitwaveError, APIError):  # its container may be about to be restarted
            await wait_until_reachable(client, project)
            basestation(client, project).kill("SIGUSR1")  # docker-init, its process 1, passes it on
            return
        await asyncio.sleep(POLL_S)


async def _exit_code(client: DockerClient, project: str) -> int | None:
    """Wait for the end of a base station that is ending; None if it takes too long."""
    with suppress(TimeoutError):
        async with asyncio.timeout(_EXIT_LIMIT_S):
            while True:
                for part in find_parts(client, project):
                    if part.service == "basestation" and part.status == "exited":
                        return part.exit_code
                await asyncio.sleep(POLL_S)
    return None
