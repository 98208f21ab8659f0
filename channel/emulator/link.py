"""The channel of one link, applied to its messages up and down, with no transport in it."""

import dataclasses
from collections.abc import Sequence

from splitwave.channel.control.live_control import LiveControl
from splitwave.channel.emulator.link_radio import LinkRadio
from splitwave.channel.emulator.live_radio import LiveRadio
from splitwave.channel.emulator.shared_stages import SharedStages
from splitwave.common.config.run_config import RunConfig
from splitwave.common.files.data_folder import data_folder, reading_from
from splitwave.common.protocol.arrays import Float32
from splitwave.common.protocol.blocks import BlockKey, LevelPayload, RealPayload, SilentPayload, SymbolBlock
from splitwave.common.protocol.link_contract import link_contract, received_contract
from splitwave.common.protocol.live_channel import LiveChannel
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

    def __init__(self, config: RunConfig, link: int, control: LiveControl | None = None) -> None:
        """Args: the run's settings, the link's index, and who may change the channel meanwhile.

        Raises:
            ConfigError: a model of `channel.model` cannot be loaded.
            DataError: the file of a model is missing or damaged.
        """
        self.contract = link_contract(config, link)
        self.received = received_contract(config, link)
        self._symbols = Symbols.HARD
        self._reader = SymbolReader(self.contract)
        self._control = control
        self._folder = data_folder()
        self._radio = LiveRadio(config, link, control)

    def retune(self, config: RunConfig) -> None:
        """Use the channel of these settings for later blocks, such as the settings of the run with another PSNR.

        Its files are in the data directory of the link's beginning.
        """
        with reading_from(self._folder):
            self._radio = LiveRadio(config, self.contract.link, self._control)

    def begin_pass(self, symbols: Symbols) -> None:
        """Expect hard or soft symbols from here on; a training block's kind follows from the contract."""
        self._symbols = symbols

    def transmit(self, block: SymbolBlock) -> SymbolBlock:
        """The block as the base station receives it: real symbols ẑ, in training L times, with the state that it met.

        Raises:
            ProtocolError: if the block does not fit the link's contract.
        """
        symbols = self._read(block)
        levels = self._reader.levels if isinstance(block.payload, LevelPayload) else None
        state, radio = self._radio.of_block(block.key)
        payload = block.payload
        if not isinstance(payload, SilentPayload):
            payload = RealPayload.rounded(radio.transmit(block, symbols, levels), self.received.wire_dtype)
        return dataclasses.replace(block, payload=payload, channel=state, measured_psnr_db=radio.measure(block))

    def returns_unchanged(self, key: BlockKey) -> bool:
        """Whether the gradient of a block returns unchanged, see `LinkRadio.returns_gradients_unchanged`."""
        return self._radio.met(key)[1].returns_gradients_unchanged

    def return_gradient(self, gradient: Gradient) -> Gradient:
        """∂CE/∂z̃ for the device from ∂CE/∂ẑ of the base station; errors as for `LinkRadio.return_gradient`."""
        _, radio = self._radio.met(gradient.key)
        self._radio.forget(gradient.key)
        return Gradient.rounded(gradient.key, radio.return_gradient(gradient), self.contract.wire_dtype)

    @property
    def meets_others(self) -> bool:
        """Whether links meet in the channel."""
        return self._radio.meets_others

    def send(self, block: SymbolBlock) -> Float32:
        """(1 or L, B, d): what the link adds to the medium where links meet; errors as for `transmit`."""
        symbols = self._read(block)
        return _stages(self._radio.of_block(block.key)[1]).send(block.key, symbols, self._draws(block))

    def state(self, key: BlockKey) -> LiveChannel | None:
        """The live state of a block that was sent where links meet."""
        return self._radio.met(key)[0]

    def receive(self, block: SymbolBlock, parts: Sequence[Float32]) -> SymbolBlock:
        """The block as the base station receives it, from what all links added to the medium."""
        state, radio = self._radio.met(block.key)
        if block.key.phase is not Phase.TRAIN:
            self._radio.forget(block.key)
        values = _stages(radio).receive(block.key, parts, self._draws(block))
        payload = RealPayload.rounded(values, self.received.wire_dtype)
        return dataclasses.replace(block, payload=payload, channel=state)

    def gather(self, gradient: Gradient) -> Float32:
        """(L, B, d): what the base station's gradient for this link adds to the medium on its way back."""
        return _stages(self._radio.met(gradient.key)[1]).gather(gradient.key, gradient.values)

    def spread(self, key: BlockKey, parts: Sequence[Float32]) -> Gradient:
        """∂CE/∂z̃ for the device, from what the gradients of all links added to the medium."""
        _, radio = self._radio.met(key)
        self._radio.forget(key)
        return Gradient.rounded(key, _stages(radio).spread(key, parts), self.contract.wire_dtype)

    def _read(self, block: SymbolBlock) -> Float32:
        symbols = self._reader.read(block)
        check_transmitted(block, self.contract, self._symbols)
        return symbols

    def _draws(self, block: SymbolBlock) -> int:
        return self.contract.draws if block.key.phase is Phase.TRAIN else 1


def _stages(radio: LinkRadio) -> SharedStages:
    assert radio.stages is not None  # links meet in the channel
    return radio.stages
