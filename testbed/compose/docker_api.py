"""Connects to a Docker engine, and converts its errors to one-line errors of ours."""

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
"""Time limit for an answer of the engine; stopping a container takes up to its grace period."""


@contextmanager
def docker_engine(answer_limit_s: int | None = ANSWER_LIMIT_S) -> Iterator[DockerClient]:
    """Connect to the engine named by `DOCKER_HOST`, or to this machine's, within a context.

    A connection must be used by one thread only. Use no time limit (None) for streams that may stay silent.

    Raises:
        UnreachableError: no engine answers.
        RunFailedError: the engine refused a request of the context's body.
    """
    address = os.environ.get("DOCKER_HOST", _DEFAULT_ADDRESS)
    try:
        client = docker.from_env(timeout=answer_limit_s)  # type: ignore[arg-type]  # the stubs do not know "no limit"
        client.ping()
    except (DockerException, requests.RequestException) as error:
        raise UnreachableError(
            f"no Docker engine answers at {address}: check that it runs and that you may use it ({_cause(error)})"
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
    """Return the innermost error: the SDK wraps a refused connection several times."""
    while error.__context__ is not None:
        error = error.__context__
    return str(error)
