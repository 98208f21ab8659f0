"""Docker: the client and Compose, the engine, and the images of the services."""

import shutil
import subprocess
from collections.abc import Callable, Iterator

from docker import DockerClient

from splitwave.common.errors import SplitwaveError
from splitwave.testbed.compose.compose_command import Compose, find_compose
from splitwave.testbed.compose.containers import SERVICES
from splitwave.testbed.compose.detached import DEFAULT_PROJECT
from splitwave.testbed.compose.docker_api import docker_engine
from splitwave.testbed.compose.lifecycle import check_images
from splitwave.testbed.doctor.finding import Circumstances, Finding, failed, note

_ANSWER_LIMIT_S = 10
_NEEDED_FOR = "only `splitwave up` and `--engine compose` need it"

Missing = Callable[[str, str, str], Finding]


def check_docker(circumstances: Circumstances) -> Iterator[Finding]:
    """Check each part of Docker; a missing part is a note, unless the user asked for Docker."""
    missing: Missing = failed if circumstances.needs_docker else note
    yield _client(missing)
    yield _compose(missing)
    yield from _engine(missing)


def _client(missing: Missing) -> Finding:
    client = shutil.which("docker")
    if client is None:
        return missing("client", "no `docker` on the PATH", f"install Docker; {_NEEDED_FOR}")
    return Finding("client", f"{_version(client, '--version')}, {client}")


def _compose(missing: Missing) -> Finding:
    try:
        words = find_compose()
    except SplitwaveError as error:
        return missing("compose", str(error), f"install the Compose plugin of Docker; {_NEEDED_FOR}")
    generation = "v2, a plugin of docker" if len(words) > 1 else "stand-alone"
    return Finding("compose", f"{_version(*words, 'version', '--short')} ({generation})")


def _engine(missing: Missing) -> Iterator[Finding]:
    try:
        with docker_engine(_ANSWER_LIMIT_S) as client:
            yield Finding("engine", f"{client.version()['Version']} answers")
            yield _images(client, missing)
    except SplitwaveError as error:
        remedy = f"start the engine, and add this user to the group docker; {_NEEDED_FOR}"
        yield missing("engine", str(error), remedy)


def _images(client: DockerClient, missing: Missing) -> Finding:
    try:
        check_images(client, Compose.find(DEFAULT_PROJECT, {}))
    except SplitwaveError as error:
        return missing("images", str(error), "run `make images` in a checkout")
    return Finding("images", f"all are built: {', '.join(SERVICES)}")


def _version(*command: str) -> str:
    """Return the first line that a command prints, or a remark that it prints none."""
    answer = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_ANSWER_LIMIT_S)
    return next(iter(answer.stdout.splitlines()), "version unknown")
