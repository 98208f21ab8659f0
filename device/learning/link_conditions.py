"""The conditions of one link's blocks: β and noise variance, and the inputs of conditioned networks."""

from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import ProtocolError
from splitwave.common.learning.conditions import BlockConditions, RunConditions, check_serving_beta
from splitwave.common.protocol.arrays import Float32
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.link_setting import AS_CONFIGURED, LinkSetting
from splitwave.common.protocol.phases import Phase
from splitwave.device.learning.link_samples import LinkSamples


class LinkConditions:
    """Derives the conditions of blocks from the settings, the plan and the β that this link serves under.

    Attributes:
        config: the run's settings; see `retune`.
    """

    def __init__(self, config: RunConfig, link: int, samples: LinkSamples) -> None:
        """Args: the run's settings, the link, and its samples, whose plan is used."""
        self.config = config
        self._run = RunConditions(config)
        self._conditioned = bool(config.conditions)
        self._link = link
        self._samples = samples
        self._bits = config.bits_per_symbol
        self._adapts = _adapts(config)
        self._serving = AS_CONFIGURED

    def retune(self, config: RunConfig) -> None:
        """Continue with settings of the same networks; of another adaptation, as configured until `set_link`."""
        if config.adaptation != self.config.adaptation:
            self._serving = AS_CONFIGURED
        self.config = config
        self._run = RunConditions(config)
        self._adapts = _adapts(config)

    @property
    def serving_beta(self) -> float | None:
        """β of the next query: `objective.beta` until `set_link`; None unless the networks are β-conditioned."""
        if self.config.hypernetwork.beta is None:
            return None
        return self.config.beta(self._link) if self._serving.beta is None else self._serving.beta

    def set_link(self, setting: LinkSetting) -> None:
        """Send queries in another way from the next block on; validation and test keep that of the settings.

        Raises:
            ProtocolError: the networks are not β-conditioned, or were not trained for this β; or the quantizer has
                fewer bits.
        """
        if setting.beta is not None:
            check_serving_beta(self.config, setting.beta)
        if setting.bits is not None and not (self.config.quantizer.breakpoints and setting.bits <= self._bits):
            raise ProtocolError(f"{setting.bits} bits a level: this run has {self._bits}")
        self._serving = setting

    def setting_of(self, key: BlockKey) -> LinkSetting | None:
        """The setting of a block, if it is a query of a run that adapts its links; else None."""
        adapted = self._adapts and key.phase is Phase.SERVE
        return self._serving if adapted else None

    def of(self, key: BlockKey, beta: float | None = None) -> BlockConditions:
        """The conditions of a block.

        Args:
            key: of the block.
            beta: of a query; None for the β that the settings give for the block.
        """
        betas = () if beta is None else (beta,) * self.config.links
        return self._run.of(self._samples.plan, key, betas)

    def inputs(self, conditions: BlockConditions) -> Float32 | None:
        """The inputs of this link's gated layers, (R, C) or (B, C); None if its network has none."""
        return conditions.rows(self._link) if self._conditioned else None


def _adapts(config: RunConfig) -> bool:
    return config.adaptation.is_on and bool(config.quantizer.breakpoints)
