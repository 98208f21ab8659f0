"""Selects containers by `SERVICE` or `SERVICE:N`."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from splitwave.common.errors import ConfigError
from splitwave.common.spelling import did_you_mean, likely
from splitwave.testbed.compose.containers import Part


@dataclass(frozen=True, slots=True)
class Target:
    """A service, and the number of one replica; None selects the only replica or, where allowed, all of them."""

    service: str
    number: int | None

    def matches(self, part: Part) -> bool:
        """Whether the target selects this part."""
        return part.service == self.service and self.number in (None, part.number)

    def choose(self, parts: Iterable[Part]) -> list[Part]:
        """Return the selected parts.

        Raises:
            ConfigError: no part matches; the message lists the existing ones.
        """
        existing = list(parts)
        chosen = [part for part in existing if self.matches(part)]
        if not chosen:
            meant = did_you_mean(likely(str(self), [part.name for part in existing]))
            raise ConfigError(f"{self}: no such container; existing containers: {_listed(existing)}{meant}")
        return chosen

    def choose_one(self, parts: Iterable[Part]) -> Part:
        """Return the only selected part.

        Raises:
            ConfigError: no part matches, or several do; the message lists the choices.
        """
        first, *others = self.choose(parts)
        if others:
            raise ConfigError(f"{self}: there are several, name one of {_listed([first, *others])}")
        return first

    def __str__(self) -> str:
        """Return `SERVICE` or `SERVICE:N`."""
        return self.service if self.number is None else f"{self.service}:{self.number}"


def parse_target(text: str) -> Target:
    """Parse a target such as `device` or `device:2`.

    Raises:
        ConfigError: the text has another form.
    """
    match = re.fullmatch(r"([a-z][a-z0-9_-]*)(?::([1-9]\d{0,5}))?", text)
    if match is None:
        raise ConfigError(f"{text}: expected SERVICE or SERVICE:N with N from 1, such as channel or device:2")
    return Target(match[1], int(match[2]) if match[2] else None)


def _listed(parts: Iterable[Part]) -> str:
    return ", ".join(f"{part.service}:{part.number}" for part in parts) or "none"
