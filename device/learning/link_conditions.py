"""The conditions of one link's blocks: β and noise variance, and the inputs of conditioned networks."""

from splitwave.common.config.run_config import RunConfig
from splitwave.common.learning.conditions import BlockConditions, block_conditions, check_serving_beta
from splitwave.common.protocol.arrays import Float32
from splitwave.common.protocol.blocks import BlockKey
from splitwave.device.learning.link_samples import LinkSamples


class LinkConditions:
    """Derives the conditions of blocks from the settings, the plan and the β that this link serves under.

    Attributes:
        config: the run's settings; see `retune`.
    """

    def __init__(self, config: RunConfig, link: int, samples: LinkSamples) -> None:
        """Args: the run's settings, the link, and its samples, whose plan is used."""
        self.config = config
        self._conditioned = bool(config.conditions)
        self._link = link
        self._samples = samples
        self._serving_beta: float | None = None

    def retune(self, config: RunConfig) -> None:
        """Continue with settings that differ in `channel.psnr_db` and `objective.beta` only."""
        self.config = config

    @property
    def serving_beta(self) -> float | None:
        """β of the next query: `objective.beta` until `set_beta`; None unless the networks are β-conditioned."""
        if self.config.hypernetwork.beta is None:
            return None
        return self.config.beta(self._link) if self._serving_beta is None else self._serving_beta

    def set_beta(self, beta: float) -> None:
        """Serve under another β from the next block on; validation and test keep `objective.beta`.

        Raises:
            ProtocolError: the networks are not β-conditioned, or were not trained for this β.
        """
        check_serving_beta(self.config, beta)
        self._serving_beta = beta

    def of(self, key: BlockKey, beta: float | None = None) -> BlockConditions:
        """The conditions of a block.

        Args:
            key: of the block.
            beta: of a query; None for the β that the settings give for the block.
        """
        betas = () if beta is None else (beta,) * self.config.links
        return block_conditions(self.config, self._samples.plan, key, betas)

    def inputs(self, conditions: BlockConditions) -> Float32 | None:
        """The inputs of this link's gated layers, (R, C) or (B, C); None if its network has none."""
        return conditions.rows(self._link) if self._conditioned else None
