"""Refuses settings that a backbone does not support.

Reading settings must import neither torch nor other packages, so it checks built-in backbones only. Backbones of other
packages are checked when their networks are made.
"""

from collections.abc import Iterable
from typing import Protocol

from splitwave.common.config.registry import BUILT_IN_BACKBONES


class BackboneTraits(Protocol):
    """The optional settings that a backbone supports."""

    @property
    def supports_conditions(self) -> bool:
        """Whether log β and log σ² can be inputs of both its networks."""

    @property
    def has_width(self) -> bool:
        """Whether `encoder.width` scales it."""


def check_width(name: str, traits: BackboneTraits | None, width: float) -> None:
    """Refuse a width that scales nothing.

    Args:
        name: of the backbone.
        traits: None where they are not known yet.
        width: `encoder.width`; 1 is the size that the network has without it.

    Raises:
        ValueError: the backbone has no width.
    """
    if traits is not None and width != 1 and not traits.has_width:
        scaled = (known for known, line in BUILT_IN_BACKBONES.items() if line.has_width)
        raise ValueError(f"width = {width} needs the backbone {_either(scaled)}, and this one is {name}")


def check_conditions(name: str, traits: BackboneTraits | None, conditions: int) -> None:
    """Refuse inputs that the networks cannot have.

    Args:
        name: of the backbone.
        traits: None where they are not known yet.
        conditions: how many values of a link are to be inputs.

    Raises:
        ValueError: there are some, and the backbone has no layers for them.
    """
    if traits is not None and conditions and not traits.supports_conditions:
        others = (known for known, line in BUILT_IN_BACKBONES.items() if line.supports_conditions)
        raise ValueError(f"hypernetwork: the backbone {name} has no hyper-layers; use {_either(others)}")


def _either(names: Iterable[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} or {last}" if others else last
