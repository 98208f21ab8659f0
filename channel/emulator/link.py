"""What the channel does to the messages of one link, up and down, with no transport in it."""

import dataclasses

from splitwave.channel.models.awgn import AwgnChannel
from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.arrays import Float32
from splitwave.common.protocol.blocks import RealPayload, SymbolBlock
from splitwave.common.protocol.link_noise import draw_of_sample, noise_variances
from splitwave.common.protocol.messages import Gradient
from splitwave.common.protocol.phases import Phase, Symbols
from splitwave.common.protocol.symbols import LinkContract, SymbolReader, check_transmitted


class ChannelLink:
    """One link of the emulated radio: symbols go through the channel, gradients through its adjoint.

    Attributes:
        contract: what the link may carry.
        config: the run's settings; other ones put the link at another PSNR.
        symbols: what the pass under way asks of the device, hard or soft symbols.
    """

    def __init__(self, config: RunConfig, link: int) -> None:
        self.contract = LinkContract.of(config, link)
        self.symbols = Symbols.HARD
        self._reader = SymbolReader(self.contract)
        self.config = config

    def transmit(self, block: SymbolBlock) -> SymbolBlock:
        """The block as the base station receives it: real symbols ẑ, in training L times.

        Raises:
            ProtocolError: if the block does not fit the link's contract.
        """
        symbols = self._reader.read(block)
        check_transmitted(block, self.contract, self.symbols)
        return dataclasses.replace(block, payload=RealPayload(self._pass_through(block, symbols)))

    @property
    def returns_gradients_unchanged(self) -> bool:
        """Whether the adjoint gives each gradient back as it is: there is one draw, and AWGN has gain 1."""
        return self.contract.draws == 1

    def return_gradient(self, gradient: Gradient) -> Gradient:
        """∂CE/∂z̃ for the device from ∂CE/∂ẑ of the base station."""
        return Gradient(gradient.key, AwgnChannel.adjoint(gradient.values))

    def _pass_through(self, block: SymbolBlock, symbols: Float32) -> Float32:
        draws = self.contract.draws if block.key.phase is Phase.TRAIN else 1
        variances = noise_variances(self.config, block.link, block.key.phase, block.key.step)
        one = len(variances) == 1
        variance = float(variances[0]) if one else variances[draw_of_sample(len(variances), symbols.shape[1])]
        channel = AwgnChannel(seed=self.config.seed, link=block.link, noise_variance=variance)
        return channel.apply(symbols, channel.draw(block.key, draws, *symbols.shape[1:]))
