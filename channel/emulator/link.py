"""The channel of one link, applied to its messages up and down, with no transport in it."""

import dataclasses

from splitwave.channel.models.composite import link_channel
from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.arrays import Float32
from splitwave.common.protocol.blocks import RealPayload, SymbolBlock
from splitwave.common.protocol.link_contract import link_contract
from splitwave.common.protocol.messages import Gradient
from splitwave.common.protocol.phases import Phase, Symbols
from splitwave.common.protocol.symbols import SymbolReader, check_transmitted


class ChannelLink:
    """One link of the emulated radio: symbols go through the channel, gradients through its adjoint.

    Attributes:
        contract: what the link may carry.
    """

    def __init__(self, config: RunConfig, link: int) -> None:
        """Args: the run's settings, and the link's index.

        Raises:
            ConfigError: a model of `channel.model` cannot be loaded.
        """
        self.contract = link_contract(config, link)
        self._symbols = Symbols.HARD
        self._reader = SymbolReader(self.contract)
        self._channel = link_channel(config, link)

    def retune(self, config: RunConfig) -> None:
        """Use the channel of these settings for later blocks, such as the settings of the run with another PSNR."""
        self._channel = link_channel(config, self.contract.link)

    def begin_pass(self, symbols: Symbols) -> None:
        """Expect hard or soft symbols from here on; a training block's kind follows from the contract."""
        self._symbols = symbols

    def transmit(self, block: SymbolBlock) -> SymbolBlock:
        """The block as the base station receives it: real symbols ẑ, in training L times.

        Raises:
            ProtocolError: if the block does not fit the link's contract.
        """
        symbols = self._reader.read(block)
        check_transmitted(block, self.contract, self._symbols)
        return dataclasses.replace(block, payload=RealPayload(self._pass_through(block, symbols)))

    @property
    def returns_gradients_unchanged(self) -> bool:
        """Whether gradients are returned unchanged, because there is one draw and the channel only adds noise."""
        return self.contract.draws == 1 and self._channel.is_additive

    def return_gradient(self, gradient: Gradient) -> Gradient:
        """∂CE/∂z̃ for the device from ∂CE/∂ẑ of the base station: through the adjoint, added up over the draws."""
        values = gradient.values
        if not self._channel.is_additive:
            realisation = self._channel.draw(gradient.key, values.shape)
            values = self._channel.adjoint(values, realisation)
        if len(values) > 1:
            values = values.sum(axis=0, keepdims=True)
        return Gradient(gradient.key, values)

    def _pass_through(self, block: SymbolBlock, symbols: Float32) -> Float32:
        draws = self.contract.draws if block.key.phase is Phase.TRAIN else 1
        realisation = self._channel.draw(block.key, (draws, *symbols.shape[1:]))
        return self._channel.apply(symbols, realisation)
