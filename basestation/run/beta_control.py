"""The live knob: β of each link's serving blocks, set while the run goes on. No transport."""

from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import ProtocolError, Refusal
from splitwave.common.learning.conditions import check_serving_beta

MAX_VALUES = 256
"""Combinations of the links' β in one run: devices count the symbols of each β apart, the base station its answers."""


_SHOWN = 8
"""Values in a message, whose length gRPC limits."""


class BetaControl:
    """What each link was set to. It begins at `objective.beta`; a run that starts over keeps it.

    Attributes:
        is_there: whether the run's networks are told β at all.
        betas: of each link's serving blocks, from its next one on.
    """

    def __init__(self, config: RunConfig) -> None:
        self._config = config
        self.is_available = config.hypernetwork.beta is not None
        self.betas = [config.beta(link) for link in range(config.links)]
        self._known = [{beta} for beta in self.betas]
        self._combinations = {tuple(self.betas)}

    def set_beta(self, link: int | None, beta: float) -> list[int]:
        """Set one link, or all of them; those that were set.

        Raises:
            ProtocolError: networks are not told β, it is outside their range, no such link, or too many values.
        """
        check_serving_beta(self._config, beta)
        links = range(len(self.betas))
        if link is not None and link not in links:
            raise ProtocolError(f"link {link} does not exist: this run has links 0 to {len(links) - 1}")
        turned = list(links) if link is None else [link]
        betas = [beta if each in turned else before for each, before in enumerate(self.betas)]
        if tuple(betas) not in self._combinations and len(self._combinations) >= MAX_VALUES:
            raise ProtocolError(
                f"the links have had {MAX_VALUES} different combinations of β in this run, each of which is counted "
                f"apart: return to one of them instead of {beta}",
                Refusal.RESOURCE_EXHAUSTED,
            )
        self.betas = betas
        self._combinations.add(tuple(betas))
        for each in turned:
            self._known[each].add(beta)
        return turned

    def was_changed(self, link: int) -> bool:
        """Whether a device that takes this link has to be told more than the run's settings."""
        return self.betas[link] != self._config.beta(link)

    def check(self, link: int, beta: float, what: str) -> None:
        """Refuse a β that a link was never set to.

        Args:
            link: that names it.
            beta: the value.
            what: that has it, for the message.

        Raises:
            ProtocolError: the link was never set to it.
        """
        if not self.is_available or beta not in self._known[link]:
            known = sorted(self._known[link]) if self.is_available else []
            more = " …" if len(known) > _SHOWN else ""
            expected = ", ".join(str(each) for each in known[:_SHOWN]) + more if known else "none"
            raise ProtocolError(
                f"{what} of link {link} has β = {beta}, to which it was never set: expected {expected}",
                Refusal.FAILED_PRECONDITION,
            )
