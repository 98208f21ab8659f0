"""Link adaptation in one process: the loop of `basestation.adaptation`, by direct calls to the workers."""

from collections.abc import Mapping, Sequence

from splitwave.basestation.adaptation.link_adaptation import LinkAdaptation
from splitwave.basestation.fusion.fusion_buffer import FusedBlock
from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.blocks import SymbolBlock
from splitwave.common.protocol.link_setting import LinkSetting
from splitwave.common.protocol.phases import Phase
from splitwave.common.protocol.sent_part import SentPart, sent_part
from splitwave.device.learning.worker import DeviceWorker


class AdaptedWorkers:
    """The workers of a run, whose queries follow what was measured."""

    def __init__(self, config: RunConfig, workers: Sequence[DeviceWorker]) -> None:
        """Args: the run's settings, and its workers by link.

        Raises:
            ConfigError: the policy cannot be loaded.
        """
        self._config = config
        self._workers = workers
        self._adaptation = LinkAdaptation(config)

    def retune(self, config: RunConfig) -> None:
        """Adapt as other settings say from the next pass on; where only β or fusion differ, a pass under way goes on.

        Raises:
            ConfigError: the policy cannot be loaded.
        """
        now = self._config
        if (config.adaptation, config.channel) != (now.adaptation, now.channel):
            self._adaptation = LinkAdaptation(config)
        self._config = config

    def begin_pass(self) -> None:
        """A serving pass begins."""
        if self._adaptation.is_on:
            self._tell(self._adaptation.begin_pass())

    def follow(self, query: FusedBlock) -> None:
        """The next query follows what was measured of this one."""
        self._tell(self._adaptation.take({link: part.psnr_db for link, part in query.sent.items()}))

    def sent(self, received: SymbolBlock) -> SentPart | None:
        """The cost of a query of a serving pass on its link, if the links are adapted."""
        adapted = self._adaptation.is_on and received.key.phase is Phase.SERVE
        return sent_part(self._config, received) if adapted else None

    def _tell(self, settings: Mapping[int, LinkSetting]) -> None:
        for link, setting in settings.items():
            self._workers[link].set_link(setting)
