"""Connects to a Docker engine, and converts its errors to one-line errors of ours."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

import docker
import requests
from docker import DockerClient
from docker.context import ContextAPI
from docker.errors import APIError, DockerException
from docker.tls import TLSConfig

from splitwave.common.errors import ConfigError, RunFailedError, UnreachableError

ANSWER_LIMIT_S = 60
"""Time limit for an answer of the engine; stopping a container takes up to its grace period."""


@contextmanager
def docker_engine(answer_limit_s: int | None = ANSWER_LIMIT_S) -> Iterator[DockerClient]:
    """Connect to the engine that the `docker` command uses, within a context.

    It is named by `DOCKER_HOST`, or else by the docker context in use, such as that of a rootless engine.

    A connection must be used by one thread only. Use no time limit (None) for streams that may stay silent.

    Raises:
        ConfigError: there is no such docker context.
        UnreachableError: no engine answers.
        RunFailedError: the engine refused a request of the context's body.
    """
    address, tls = _engine_address()
    try:
        client = _connect(address, tls, answer_limit_s)
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


def _engine_address() -> tuple[str, TLSConfig | None]:
    """Return the address of the engine, and the certificates that a docker context has for it.

    Raises:
        ConfigError: DOCKER_CONTEXT names no docker context, or the one in use has no engine.
    """
    address = os.environ.get("DOCKER_HOST")
    if address:
        return address, None
    name = os.environ.get("DOCKER_CONTEXT")
    context = ContextAPI.get_context(name or None)
    if context is None or not context.Host:
        origin = f"DOCKER_CONTEXT = {name}" if name else "the current context of the docker client"
        raise ConfigError(f"{origin}: no such docker context; `docker context ls` lists them")
    return context.Host, context.TLSConfig


def _connect(address: str, tls: TLSConfig | None, answer_limit_s: int | None) -> DockerClient:
    if address.startswith("ssh://") and find_spec("paramiko") is None:
        raise DockerException("an address with ssh:// needs the package paramiko: pip install 'docker[ssh]'")
    if os.environ.get("DOCKER_HOST"):  # also DOCKER_TLS_VERIFY and DOCKER_CERT_PATH
        return docker.from_env(timeout=answer_limit_s)  # type: ignore[arg-type]  # the stubs do not know "no limit"
    return DockerClient(base_url=address, tls=tls or False, timeout=answer_limit_s)  # type: ignore[arg-type]  # likewise


def _cause(error: BaseException) -> str:
    """Return the innermost error: the SDK wraps a refused connection several times."""
    while error.__context__ is not None:
        error = error.__context__
    return str(error)
