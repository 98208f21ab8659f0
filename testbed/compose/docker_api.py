"""The connection to a Docker engine, and its errors in one line each."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import docker
import requests
from docker import DockerClient
from docker.errors import APIError, DockerException

from splitwave.common.errors import RunFailedError, UnreachableError

_DEFAULT_ADDRESS = "unix:///var/run/docker.sock"
ANSWER_LIMIT_S = 60
"""How long the engine may take to answer; stopping a container takes its grace period."""


@contextmanager
def docker_engine(answer_limit_s: int | None = ANSWER_LIMIT_S) -> Iterator[DockerClient]:
    """A connection to the engine that `DOCKER_HOST` names, or this machine's, for the body of the `with`.

    It serves one thread. Streams that may stay silent want no limit on how long the engine may take to answer.

    Raises:
        UnreachableError: none answers.
        RunFailedError: it refused what the body asked of it.
    """
    address = os.environ.get("DOCKER_HOST", _DEFAULT_ADDRESS)
    try:
        client = docker.from_env(timeout=answer_limit_s)  # type: ignore[arg-type]  # the stubs do not know "no limit"
        client.ping()
    except (DockerException, requests.RequestException) as error:
        raise UnreachableError(
            f"no Docker engine answers at {address}: is it running, and may you use it? ({_cause(error)})"
        ) from None
    try:
        yield client
    except APIError as error:
        raise RunFailedError(f"the Docker engine at {address} refused: {error.explanation or error}") from None
    except requests.RequestException as error:
        raise UnreachableError(f"lost the Docker engine at {address}: {_cause(error)}") from None
    finally:
        client.close()


def _cause(error: BaseException) -> str:
    """The innermost reason: the SDK wraps a refused connection several times over."""
    while error.__context__ is not None:
        error = error.__context__
    return str(error)
