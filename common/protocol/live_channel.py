"""The state of a link under live control: values that replace those of the settings, and their version (ADR 35)."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Self

_DECIBELS = (-100.0, 150.0)
_NOT_NEGATIVE = (0.0, math.inf)
_RANGES: Mapping[str, tuple[float, float]] = {
    "psnr_db": _DECIBELS,
    "gain_db": _DECIBELS,
    "loss": (0.0, 1.0),
    "delay_ms": _NOT_NEGATIVE,
    "jitter_ms": _NOT_NEGATIVE,
    "rate_limit_bps": _NOT_NEGATIVE,
}


@dataclass(frozen=True, slots=True)
class ChannelValues:
    """Values that replace those of the run's settings; None leaves the settings' value.

    Attributes:
        psnr_db: peak PSNR (QML-IB eq. (20)) of the link, in training, too.
        gain_db: power gain of the link, ahead of its noise.
        loss: probability that the symbols of a sample are lost.
        delay_ms, jitter_ms, rate_limit_bps: as in `channel.timing`.
    """

    psnr_db: float | None = None
    gain_db: float | None = None
    loss: float | None = None
    delay_ms: float | None = None
    jitter_ms: float | None = None
    rate_limit_bps: float | None = None

    def __post_init__(self) -> None:
        """Check all values.

        Raises:
            ValueError: one is outside of its range.
        """
        for name, value in self.given.items():
            low, high = _RANGES[name]
            in_range = math.isfinite(value) and low <= value <= high and not (name == "rate_limit_bps" and value == 0)
            if not in_range:
                raise ValueError(f"{name} = {value}: expected {_range_text(name)}")

    @property
    def given(self) -> dict[str, float]:
        """The values that replace those of the settings, by name."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    def over(self, earlier: Self) -> Self:
        """These values, and the earlier ones where these have none."""
        return replace(earlier, **self.given)

    def without(self, names: frozenset[str]) -> Self:
        """All values but those of these names.

        Raises:
            ValueError: a name is unknown.
        """
        for name in sorted(names):
            check_value_name(name)
        return replace(self, **dict.fromkeys(names))


NO_VALUES = ChannelValues()
VALUE_NAMES = tuple(field.name for field in fields(ChannelValues))


@dataclass(frozen=True, slots=True)
class LiveChannel:
    """The state of a link that a block met.

    Attributes:
        version: of the emulator's state when this link last changed; 0 if it never has.
        values: of this link.
    """

    version: int = 0
    values: ChannelValues = NO_VALUES

    def fields(self) -> dict[str, float]:
        """The version and the values that are given, by name, for files and messages."""
        return {"version": self.version, **self.values.given}


UNCHANGED = LiveChannel()
"""The state of a link that nobody has changed: the settings'."""


def check_value_name(name: str) -> None:
    """Refuse a value that links do not have.

    Raises:
        ValueError: nothing has this name.
    """
    if name not in VALUE_NAMES:
        raise ValueError(f"{name}: a link has no such value; expected one of {', '.join(VALUE_NAMES)}")


def _range_text(name: str) -> str:
    low, high = _RANGES[name]
    if name == "rate_limit_bps":
        return "a finite number above 0"
    return f"a number from {low:g} to {high:g}" if math.isfinite(high) else "a finite number of 0 or more"
