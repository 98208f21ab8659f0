"""The policy `deadline`: a block waits for every link, but only for `deadline_ms` milliseconds."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from splitwave.common.config.sections import FusionSettings


@dataclass(frozen=True, slots=True)
class Deadline:
    """Complete once every link is in; after the deadline a block goes with the links that are in.

    Attributes:
        wait_s: seconds from the arrival of a block's first part to the deadline.
    """

    wait_s: float | None = 1.0

    @classmethod
    def of(cls, settings: FusionSettings) -> "Deadline":
        """The policy of `fusion.deadline_ms`."""
        assert settings.deadline_ms is not None  # checked with the settings
        return cls(settings.deadline_ms / 1e3)

    def is_complete(self, present: AbstractSet[int], expected: AbstractSet[int]) -> bool:
        """Whether no link is missing."""
        return expected <= present
