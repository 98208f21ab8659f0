"""The policy `all`: a block waits for every link."""

from collections.abc import Set as AbstractSet


class AllLinks:
    """Complete once every link is in. Results are then the same from run to run, to the bit."""

    def is_complete(self, present: AbstractSet[int], expected: AbstractSet[int]) -> bool:
        """Whether no link is missing."""
        return len(present) == len(expected)
