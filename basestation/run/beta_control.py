"""β of each link's serving blocks, which an operator may set while the run is under way. No transport."""

from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import ProtocolError, Refusal
from splitwave.common.learning.conditions import check_serving_beta

MAX_VALUES = 256
"""Combinations of the links' β in one run: devices keep a count of symbols for each β, the base station one of answers
for each combination."""

_SHOWN = 8
"""How many values an error message lists, since gRPC limits its length."""


class BetaControl:
    """β of each link: `objective.beta` at first, then the value that was set; a run that starts over keeps it.

    Attributes:
        is_available: whether the run's networks are β-conditioned, so that it can be set.
        betas: by link, β of its serving blocks from the next one on.
    """

    def __init__(self, config: RunConfig) -> None:
        self._config = config
        self._is_adapted = config.adaptation.is_on
        self.is_available = config.hypernetwork.beta is not None
        self.betas = [config.beta(link) for link in range(config.links)]
        self._known = [{beta} for beta in self.betas]
        self._combinations = {tuple(self.betas)}

    def set_beta(self, link: int | None, beta: float) -> list[int]:
        """Set β of one link, or of all links.

        Returns:
            The links that were set.

        Raises:
            ProtocolError: the networks are not β-conditioned, β is outside the range of their training, there is no
                such link, link adaptation sets it, or this would be one combination too many.
        """
        if self._is_adapted:
            raise ProtocolError(
                f"β = {beta}: adaptation.policy = {self._config.adaptation.policy} sets how the links send",
                Refusal.FAILED_PRECONDITION,
            )
        check_serving_beta(self._config, beta)
        links = range(len(self.betas))
        if link is not None and link not in links:
            raise ProtocolError(f"link {link} does not exist: this run has links 0 to {len(links) - 1}")
        changed = list(links) if link is None else [link]
        betas = [beta if each in changed else before for each, before in enumerate(self.betas)]
        if tuple(betas) not in self._combinations and len(self._combinations) >= MAX_VALUES:
            raise ProtocolError(
                f"the links have had {MAX_VALUES} different combinations of β in this run, each of which is counted "
                f"apart: return to one of them instead of {beta}",
                Refusal.RESOURCE_EXHAUSTED,
            )
        self.betas = betas
        self._combinations.add(tuple(betas))
        for each in changed:
            self._known[each].add(beta)
        return changed

    def was_changed(self, link: int) -> bool:
        """Whether β of this link differs from the run's settings, which a Welcome brings."""
        return self.betas[link] != self._config.beta(link)

    def check(self, link: int, beta: float, what: str) -> None:
        """Refuse a β that a link was never set to; of an adapted link, one that the networks were not trained for.

        Args:
            link: whose device sent it.
            beta: the value.
            what: the message that carries it, for the error.

        Raises:
            ProtocolError: the link was never set to it.
        """
        if self._is_adapted:
            check_serving_beta(self._config, beta)
        elif not self.is_available or beta not in self._known[link]:
            known = sorted(self._known[link]) if self.is_available else []
            more = " …" if len(known) > _SHOWN else ""
            expected = ", ".join(str(each) for each in known[:_SHOWN]) + more if known else "none"
            raise ProtocolError(
                f"{what} of link {link} has β = {beta}, to which it was never set: expected {expected}",
                Refusal.FAILED_PRECONDITION,
            )
