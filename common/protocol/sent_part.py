"""The cost and the measured PSNR of one link's part of a query, by which adapted links are judged."""

from dataclasses import dataclass

from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.blocks import SilentPayload, SymbolBlock


@dataclass(frozen=True, slots=True)
class SentPart:
    """One link's part of a block of queries.

    Attributes:
        psnr_db: peak PSNR in dB that the receiver measured, mean over the samples; None if it measures nothing.
        sends: whether symbols were sent.
        bits: information bits a sample; 0 of a silent link.
        symbols: channel symbols a sample, without pilots; 0 of a silent link.
    """

    psnr_db: float | None
    sends: bool
    bits: int
    symbols: int


def sent_part(config: RunConfig, block: SymbolBlock) -> SentPart:
    """The cost of a block on its link, before or behind its channel, in a run with these settings."""
    if isinstance(block.payload, SilentPayload):
        return SentPart(block.measured_psnr_db, sends=False, bits=0, symbols=0)
    bits = config.encoder.dimension * (block.bits or config.bits_per_symbol)
    digital = config.channel.digital
    if digital.modulation is None:
        return SentPart(block.measured_psnr_db, sends=True, bits=bits, symbols=config.encoder.dimension)
    own = digital.model_copy(update={"modulation": block.modulation or digital.modulation})
    return SentPart(block.measured_psnr_db, sends=True, bits=bits, symbols=own.symbols(bits))
