"""The ports at which the compose file publishes the services; services that are started by hand have the same."""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import yaml

from splitwave.common.config.shipped import COMPOSE_FILE

_PORT = re.compile(r"(?P<host>[\d.]+):\$\{(?P<variable>\w+):-(?P<number>\d+)\}:\d+")


@dataclass(frozen=True, slots=True)
class PublishedPort:
    """A port of the compose file.

    Attributes:
        service: name of the service that listens there.
        variable: the environment variable that sets another port.
        number: the port in effect; 0 stands for any free port.
    """

    service: str
    host: str
    variable: str
    number: int


def published_ports(environment: Mapping[str, str] = os.environ) -> Iterator[PublishedPort]:
    """Yield the ports, with the values of the environment where it sets any."""
    services = yaml.safe_load(COMPOSE_FILE.read_text(encoding="utf-8"))["services"]
    for service, settings in services.items():
        for text in settings.get("ports", ()):
            match = _PORT.fullmatch(text)
            if match is None:
                raise ValueError(f"{COMPOSE_FILE}: {text}: expected HOST:${{VARIABLE:-PORT}}:PORT")
            number = environment.get(match["variable"]) or match["number"]
            yield PublishedPort(service, match["host"], match["variable"], int(number))
