"""The channel and the modem of a link's blocks, by how each was sent."""

from typing import Any

from splitwave.channel.digital.modem import DigitalModem
from splitwave.channel.models.composite import link_channel
from splitwave.common.config.run_config import RunConfig
from splitwave.common.files.data_folder import data_folder, reading_from
from splitwave.common.protocol.blocks import LevelPayload, SymbolBlock
from splitwave.common.protocol.channel_model import ChannelModel


class AdaptedForms:
    """Channels and modems; a block's modulation and bits, where it says any, replace those of the settings (ADR 36).

    Models and receiver see the modulation of the block, too: phase noise and derotation act on pairs of I and Q.

    Attributes:
        channel: of blocks that say nothing.
    """

    def __init__(self, config: RunConfig, link: int) -> None:
        """Args: the run's settings, and the link's index.

        Raises:
            ConfigError: a model of `channel.model` cannot be loaded.
            DataError: the file of a model is missing or damaged.
        """
        self._config = config
        self._link = link
        self._folder = data_folder()
        self.channel = link_channel(config, link)
        self._channels: dict[str | None, ChannelModel[Any]] = {None: self.channel}
        self._modems: dict[tuple[str | None, int | None], DigitalModem] = {}

    def channel_of(self, block: SymbolBlock) -> ChannelModel[Any]:
        """The channel that a block passes."""
        modulation = block.modulation
        if modulation not in self._channels:
            with reading_from(self._folder):
                self._channels[modulation] = link_channel(self._under(modulation), self._link)
        return self._channels[modulation]

    def modem_of(self, block: SymbolBlock) -> DigitalModem | None:
        """The modem that carries its level indices as bits; None for amplitudes."""
        config, form = self._under(block.modulation), (block.modulation, block.bits)
        if config.channel.digital.modulation is None or not isinstance(block.payload, LevelPayload):
            return None
        if form not in self._modems:
            self._modems[form] = DigitalModem(config, block.bits)
        return self._modems[form]

    def _under(self, modulation: str | None) -> RunConfig:
        if modulation is None:
            return self._config
        channel = self._config.channel
        digital = channel.digital.model_copy(update={"modulation": modulation})
        return self._config.model_copy(update={"channel": channel.model_copy(update={"digital": digital})})
