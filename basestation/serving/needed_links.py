"""The links that a live query needs, by the fusion policy of the settings."""

from collections.abc import Set as AbstractSet

from splitwave.basestation.fusion.fusion_policy import FusionPolicies


class NeededLinks:
    """Applies the policy of passes to queries whose devices come and go.

    Where the policy can do without the links that are not connected, nobody waits for them; else they are awaited,
    as they may come in time.
    """

    def __init__(self, policies: FusionPolicies, links: int) -> None:
        """Args: those of the settings; K."""
        self._policies = policies
        self._all = frozenset(range(links))

    @property
    def wait_s(self) -> float | None:
        """Seconds after its first part after which a query goes with the links that are in; None for no such limit."""
        return self._policies.wait_s

    def are_in(self, present: AbstractSet[int], connected: AbstractSet[int]) -> bool:
        """Whether a query can be decoded with the links whose parts are present, at least one."""
        can_do_without = self._policies.can_do_without(connected, self._all)
        expected = connected | present if can_do_without else self._all
        return self._policies.passes.is_complete(present, expected) or expected <= present

    def suffice(self, present: AbstractSet[int], connected: AbstractSet[int]) -> bool:
        """Whether a query whose time is over can be decoded with these links, perhaps none."""
        return bool(present) and (self.wait_s is not None or self.are_in(present, connected))
