"""The channel of one link, applied to its messages up and down, with no transport in it."""

import dataclasses
from typing import Any

from splitwave.channel.emulator.downlink import Downlink
from splitwave.channel.models.composite import link_channel
from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import ProtocolError
from splitwave.common.protocol.arrays import Float32
from splitwave.common.protocol.blocks import BlockKey, RealPayload, SymbolBlock
from splitwave.common.protocol.channel_model import ChannelModel, NonlinearModel
from splitwave.common.protocol.link_contract import link_contract, received_contract
from splitwave.common.protocol.messages import Gradient
from splitwave.common.protocol.phases import Phase, Symbols
from splitwave.common.protocol.symbols import SymbolReader, check_transmitted


class ChannelLink:
    """One link of the emulated radio: symbols go through the channel, gradients through its adjoint.

    Attributes:
        contract: what the link may carry.
        received: the same behind the channel, between emulator and base station.
    """

    def __init__(self, config: RunConfig, link: int) -> None:
        """Args: the run's settings, and the link's index.

        Raises:
            ConfigError: a model of `channel.model` cannot be loaded.
            DataError: the file of a model is missing or damaged.
        """
        self.contract = link_contract(config, link)
        self.received = received_contract(config, link)
        self._symbols = Symbols.HARD
        self._reader = SymbolReader(self.contract)
        self._sent: dict[BlockKey, Float32] = {}
        self._use(config)

    def retune(self, config: RunConfig) -> None:
        """Use the channel of these settings for later blocks, such as the settings of the run with another PSNR."""
        self._use(config)

    def begin_pass(self, symbols: Symbols) -> None:
        """Expect hard or soft symbols from here on; a training block's kind follows from the contract."""
        self._symbols = symbols

    def transmit(self, block: SymbolBlock) -> SymbolBlock:
        """The block as the base station receives it: real symbols ẑ, in training L times, and the receiver's inputs.

        Raises:
            ProtocolError: if the block does not fit the link's contract.
        """
        symbols = self._reader.read(block)
        check_transmitted(block, self.contract, self._symbols)
        if self._nonlinear is not None and block.key.phase is Phase.TRAIN:
            self._keep(block.key, symbols)
        return dataclasses.replace(block, payload=RealPayload(self._pass_through(block, symbols)))

    @property
    def returns_gradients_unchanged(self) -> bool:
        """Whether gradients are returned unchanged: one draw, an ideal downlink, and a channel that only adds noise."""
        return self.contract.draws == 1 and self._channel.is_additive and self._downlink.is_ideal

    def return_gradient(self, gradient: Gradient) -> Gradient:
        """∂CE/∂z̃ for the device from ∂CE/∂ẑ of the base station.

        It passes the adjoint of the channel, is added up over the draws, and passes the downlink as the one gradient
        of a block that a base station would send.

        Raises:
            ProtocolError: the channel is nonlinear, and the block of this gradient did not pass it.
        """
        values = gradient.values
        shape = (*values.shape[:2], self.contract.dimension)
        if self._nonlinear is not None:
            symbols = self._take(gradient.key)
            values = self._nonlinear.adjoint_at(values, self._nonlinear.draw(gradient.key, shape), symbols)
        elif not self._channel.is_additive:
            values = self._channel.adjoint(values, self._channel.draw(gradient.key, shape))
        if len(values) > 1:
            values = values.sum(axis=0, keepdims=True)
        return Gradient(gradient.key, self._downlink.pass_through(gradient.key, values))

    def _use(self, config: RunConfig) -> None:
        self._channel: ChannelModel[Any] = link_channel(config, self.contract.link)
        self._nonlinear = self._channel if isinstance(self._channel, NonlinearModel) else None
        self._downlink = Downlink(config, self.contract.link)

    def _keep(self, key: BlockKey, symbols: Float32) -> None:
        """Keep what the nonlinear channel met; all gradients of a step return before the next one's first block."""
        self._sent = {sent: kept for sent, kept in self._sent.items() if sent.step == key.step}
        self._sent[key] = symbols

    def _take(self, key: BlockKey) -> Float32:
        symbols = self._sent.pop(key, None)
        if symbols is None:
            raise ProtocolError(f"a gradient for {key} came over link {self.contract.link}, but not its block before")
        return symbols

    def _pass_through(self, block: SymbolBlock, symbols: Float32) -> Float32:
        draws = self.contract.draws if block.key.phase is Phase.TRAIN else 1
        realisation = self._channel.draw(block.key, (draws, *symbols.shape[1:]))
        return self._channel.apply(symbols, realisation)
