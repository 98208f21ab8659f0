"""The policy `quorum`: a block waits for a number of links, whichever they are."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from splitwave.common.config.sections import FusionSettings


@dataclass(frozen=True, slots=True)
class Quorum:
    """Complete once `quorum` links are in; the wait has no limit.

    Attributes:
        links: how many.
        wait_s: None.
    """

    links: int = 1
    wait_s: float | None = None

    @classmethod
    def of(cls, settings: FusionSettings) -> "Quorum":
        """The policy of `fusion.quorum`."""
        assert settings.quorum is not None  # checked with the settings
        return cls(settings.quorum)

    def is_complete(self, present: AbstractSet[int], expected: AbstractSet[int]) -> bool:  # noqa: ARG002
        """Whether the number of links that are in suffices."""
        return len(present) >= self.links
