"""The channel of one link, applied to its messages up and down, with no transport in it."""

import dataclasses
from collections.abc import Sequence

from splitwave.channel.emulator.link_radio import LinkRadio
from splitwave.channel.emulator.shared_stages import SharedStages
from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.arrays import Float32
from splitwave.common.protocol.blocks import BlockKey, LevelPayload, RealPayload, SymbolBlock
from splitwave.common.protocol.link_contract import link_contract, received_contract
from splitwave.common.protocol.messages import Gradient
from splitwave.common.protocol.phases import Phase, Symbols
from splitwave.common.protocol.symbols import SymbolReader, check_transmitted


class ChannelLink:
    """One link of the emulated radio: symbols go through the channel, gradients through its adjoint.

    Where links meet in the channel, `send` and `receive` take the place of `transmit`, and `gather` and `spread` that
    of `return_gradient`: between the two, the parts of all links come together.

    Attributes:
        contract: what the link may carry.
        received: what the base station gets from it.
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
        self._radio = LinkRadio(config, link)
        self._stages = SharedStages.of(config, link)

    def retune(self, config: RunConfig) -> None:
        """Use the channel of these settings for later blocks, such as the settings of the run with another PSNR."""
        self._radio = LinkRadio(config, self.contract.link)
        self._stages = SharedStages.of(config, self.contract.link)

    def begin_pass(self, symbols: Symbols) -> None:
        """Expect hard or soft symbols from here on; a training block's kind follows from the contract."""
        self._symbols = symbols

    def transmit(self, block: SymbolBlock) -> SymbolBlock:
        """The block as the base station receives it: real symbols ẑ, in training L times.

        Raises:
            ProtocolError: if the block does not fit the link's contract.
        """
        symbols = self._sent(block)
        levels = self._reader.levels if isinstance(block.payload, LevelPayload) else None
        received = self._radio.transmit(block, symbols, levels)
        return dataclasses.replace(block, payload=RealPayload(received))

    @property
    def returns_gradients_unchanged(self) -> bool:
        """As `LinkRadio.returns_gradients_unchanged`."""
        return self._radio.returns_gradients_unchanged

    def return_gradient(self, gradient: Gradient) -> Gradient:
        """∂CE/∂z̃ for the device from ∂CE/∂ẑ of the base station; errors as for `LinkRadio.return_gradient`."""
        return Gradient(gradient.key, self._radio.return_gradient(gradient))

    @property
    def meets_others(self) -> bool:
        """Whether links meet in the channel."""
        return self._stages is not None

    def send(self, block: SymbolBlock) -> Float32:
        """(1 or L, B, d): what the link adds to the medium where links meet; errors as for `transmit`."""
        return self._shared.send(block.key, self._sent(block), self._draws(block))

    def receive(self, block: SymbolBlock, parts: Sequence[Float32]) -> SymbolBlock:
        """The block as the base station receives it, from what all links added to the medium."""
        values = self._shared.receive(block.key, parts, self._draws(block))
        return dataclasses.replace(block, payload=RealPayload(values))

    def gather(self, gradient: Gradient) -> Float32:
        """(L, B, d): what the base station's gradient for this link adds to the medium on its way back."""
        return self._shared.gather(gradient.key, gradient.values)

    def spread(self, key: BlockKey, parts: Sequence[Float32]) -> Gradient:
        """∂CE/∂z̃ for the device, from what the gradients of all links added to the medium."""
        return Gradient(key, self._shared.spread(key, parts))

    @property
    def _shared(self) -> SharedStages:
        assert self._stages is not None
        return self._stages

    def _sent(self, block: SymbolBlock) -> Float32:
        symbols = self._reader.read(block)
        check_transmitted(block, self.contract, self._symbols)
        return symbols

    def _draws(self, block: SymbolBlock) -> int:
        return self.contract.draws if block.key.phase is Phase.TRAIN else 1
