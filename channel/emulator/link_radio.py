"""The path of the symbols and gradients of one link, under settings that do not change: modem, channel, downlink.

Shapes: L noise draws, B samples, d features.
"""

from typing import Any

from splitwave.channel.emulator.adapted_forms import AdaptedForms
from splitwave.channel.emulator.downlink import Downlink
from splitwave.channel.emulator.shared_stages import SharedStages
from splitwave.channel.receiver.measurement import LinkMeasurement
from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import ProtocolError
from splitwave.common.protocol.arrays import Float32
from splitwave.common.protocol.blocks import BlockKey, LevelPayload, SymbolBlock
from splitwave.common.protocol.channel_model import ChannelModel, NonlinearModel
from splitwave.common.protocol.messages import Gradient
from splitwave.common.protocol.phases import Phase


class LinkRadio:
    """One link under one state of its settings.

    Level indices pass the modem where there is one, everything else goes on air as amplitudes. Decisions have no
    gradient: that of the decided levels is taken as that of the levels sent.

    Attributes:
        stages: what is before and behind the place where links meet; None if they do not.
    """

    def __init__(self, config: RunConfig, link: int) -> None:
        """Args: the run's settings, and the link's index.

        Raises:
            ConfigError: a model of `channel.model` cannot be loaded.
            DataError: the file of a model is missing or damaged.
        """
        self._link = link
        self._dimension, self._draws = config.encoder.dimension, config.objective.draws
        self._forms = AdaptedForms(config, link)
        self._channel: ChannelModel[Any] = self._forms.channel
        self._nonlinear = self._channel if isinstance(self._channel, NonlinearModel) else None
        is_digital = config.channel.digital.modulation is not None
        self._trains_digitally = is_digital and config.quantizer.forward == "straight-through"
        self._has_inputs = config.channel.receiver.inputs
        self._downlink = Downlink(config, link)
        self._measurement = LinkMeasurement(config, link) if config.channel.receiver.csi != "none" else None
        self.stages = SharedStages.of(config, link)
        self._sent: dict[BlockKey, Float32] = {}

    @property
    def returns_gradients_unchanged(self) -> bool:
        """Whether gradients are returned unchanged: one draw, an ideal downlink, and a channel that only adds noise."""
        passes_unread = self._channel.is_additive or (self._trains_digitally and not self._has_inputs)
        return self._draws == 1 and passes_unread and self._downlink.is_ideal

    def transmit(self, block: SymbolBlock, symbols: Float32, levels: Float32 | None) -> Float32:
        """The block as the base station receives it, in training L times.

        Args:
            block: as the device sent it.
            symbols: (1, B, d) float32, its symbols.
            levels: (T+1,) float32, its codebook, fewer if it merged levels; None without a quantizer.

        Returns:
            (L, B, d) float32, or (L, B, d+2) with the channel state.
        """
        trains = block.key.phase is Phase.TRAIN
        draws = self._draws if trains else 1
        channel, modem = self._forms.channel_of(block), self._forms.modem_of(block)
        if modem is not None and isinstance(block.payload, LevelPayload) and levels is not None:
            sent = modem.modulate(block.payload.indices)
            return modem.demodulate(_through(channel, block.key, sent, draws), levels)
        if trains and self._nonlinear is not None:
            self._keep(block.key, symbols)
        return _through(channel, block.key, symbols, draws)

    def measure(self, block: SymbolBlock) -> float | None:
        """The PSNR of a query in dB, as `LinkMeasurement` has it; None for other blocks, and without channel state."""
        if self._measurement is None or block.key.phase is not Phase.SERVE:
            return None
        return self._measurement.psnr_db(block.key, len(block.sample_ids))

    def return_gradient(self, gradient: Gradient) -> Float32:
        """(1, B, d) float32: ∂CE/∂z̃ for the device from ∂CE/∂ẑ of the base station.

        It passes the adjoint of the channel, is added up over the draws, and passes the downlink as the one gradient
        of a block that a base station would send.

        Raises:
            ProtocolError: the channel is nonlinear, and the block of this gradient did not pass it.
        """
        values = self._at_device(gradient)
        if len(values) > 1:
            values = values.sum(axis=0, keepdims=True)
        return self._downlink.pass_through(gradient.key, values)

    def _at_device(self, gradient: Gradient) -> Float32:
        """(L, B, d) of (L, B, d) or (L, B, d+2)."""
        key, values = gradient.key, gradient.values
        shape = (*values.shape[:2], self._dimension)
        if self._trains_digitally:
            return values[..., : self._dimension]
        if self._nonlinear is not None:
            return self._nonlinear.adjoint_at(values, self._nonlinear.draw(key, shape), self._take(key))
        if self._channel.is_additive:
            return values
        return self._channel.adjoint(values, self._channel.draw(key, shape))

    def _keep(self, key: BlockKey, symbols: Float32) -> None:
        """Keep what the nonlinear channel met; all gradients of a step return before the next one's first block."""
        self._sent = {sent: kept for sent, kept in self._sent.items() if sent.step == key.step}
        self._sent[key] = symbols

    def _take(self, key: BlockKey) -> Float32:
        symbols = self._sent.pop(key, None)
        if symbols is None:
            raise ProtocolError(f"a gradient for {key} came over link {self._link}, but not its block before")
        return symbols


def _through(channel: ChannelModel[Any], key: BlockKey, sent: Float32, draws: int) -> Float32:
    return channel.apply(sent, channel.draw(key, (draws, *sent.shape[1:])))
