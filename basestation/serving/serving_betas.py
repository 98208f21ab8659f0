"""β of each link of a station, which an operator may set while it serves."""

from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import ProtocolError, Refusal
from splitwave.common.learning.conditions import check_serving_beta


class ServingBetas:
    """β of each link's next queries: that of the settings until one is set."""

    def __init__(self, config: RunConfig, *, folded: bool = False) -> None:
        """Args: the settings of the model in use; whether β is folded into the graphs of its devices."""
        self._config = config
        self._folded = folded
        self._set: dict[int, float] = {}

    @property
    def betas(self) -> list[float]:
        """By link, β of its next queries; empty unless the networks are β-conditioned."""
        if self._config.hypernetwork.beta is None:
            return []
        return [self._set.get(link, self._config.beta(link)) for link in range(self._config.links)]

    def was_set(self, link: int) -> bool:
        """Whether a link has another β than the settings say."""
        return link in self._set

    def set_beta(self, link: int | None, beta: float) -> list[int]:
        """Set β of one link, or of all links if `link` is None.

        Returns:
            The links that were set.

        Raises:
            ProtocolError: the networks are not β-conditioned, β is outside the range of their training, another β is
                folded into the graphs of the devices, or there is no such link.
        """
        check_serving_beta(self._config, beta)
        links = range(self._config.links)
        if link is not None and link not in links:
            raise ProtocolError(f"link {link} does not exist: this model has links 0 to {len(links) - 1}")
        changed = list(links) if link is None else [link]
        for each in changed:
            _check_not_folded(self._config, each, beta, folded=self._folded)
        self._set |= dict.fromkeys(changed, beta)
        return changed

    def check_fits(self, config: RunConfig, *, folded: bool = False) -> None:
        """Refuse a model that was not trained for a β that is set, or has another folded in.

        Raises:
            ProtocolError: that is so.
        """
        for link, beta in self._set.items():
            try:
                check_serving_beta(config, beta)
                _check_not_folded(config, link, beta, folded=folded)
            except ProtocolError as error:
                raise ProtocolError(f"link {link}: {error}; set another first", Refusal.FAILED_PRECONDITION) from None

    def use(self, config: RunConfig, *, folded: bool = False) -> None:
        """Go on with another model, under the β that are set and fit it."""
        self._config = config
        self._folded = folded


def _check_not_folded(config: RunConfig, link: int, beta: float, *, folded: bool) -> None:
    if folded and beta != config.beta(link):
        raise ProtocolError(
            f"β = {beta}: this model has β = {config.beta(link)} of link {link} folded in; export the run with "
            "--conditions-as-input",
            Refusal.FAILED_PRECONDITION,
        )
