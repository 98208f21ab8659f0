"""The three stages of a sample's way, over whole arrays: encoding, transmission, decoding.

They work block by block like a test pass, so that each stage gives what the parties of a testbed compute, to the bit.

Shapes: K links, N samples, d symbols a sample and link.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from splitwave.basestation.fusion.fusion_buffer import FusedBlock
from splitwave.channel.digital.modem import DigitalModem
from splitwave.channel.models.composite import link_channel
from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import DataError
from splitwave.common.protocol.arrays import Float32
from splitwave.common.protocol.blocks import BlockKey, LevelPayload, RealPayload
from splitwave.common.protocol.cross_link import check_links_apart
from splitwave.common.protocol.link_contract import received_dimension
from splitwave.common.protocol.phases import Phase
from splitwave.common.protocol.phases import Symbols as Kind
from splitwave.device.learning.views import Views
from splitwave.experiments.api.networks import Networks, no_targets, plan_of
from splitwave.experiments.evaluation.in_process import torch_threads


@dataclass(frozen=True, slots=True)
class Symbols:
    """The hard symbols of N samples.

    Attributes:
        values: (K, N, d) float32, as devices send them.
        levels: (K, N, d) uint8 level indices; None for unquantized features.
    """

    values: Float32
    levels: NDArray[np.uint8] | None


def encoded(networks: Networks, settings: RunConfig, views: Sequence[Views]) -> Symbols:
    """Encode and quantize the samples that the devices see."""
    samples = len(views[0].test)
    run = networks.run_over(settings, views, no_targets(settings, samples))
    shape = (settings.links, samples, settings.encoder.dimension)
    values, levels = np.empty(shape, np.float32), np.zeros(shape, np.uint8)
    with torch_threads(settings.runtime.torch_threads):
        for number, rows in _blocks(settings, samples):
            for link, worker in enumerate(run.workers):
                payload = worker.pass_block(Phase.TEST, 0, number, Kind.HARD).payload
                if isinstance(payload, LevelPayload):
                    levels[link, rows] = payload.indices
                elif isinstance(payload, RealPayload):
                    values[link, rows] = payload.values[0]
    for link, device in enumerate(networks.devices):
        if device.codebook is not None:
            values[link] = device.codebook.levels().detach().numpy()[levels[link]]
    return Symbols(values, levels if settings.quantizer.breakpoints else None)


def transmitted(networks: Networks, settings: RunConfig, symbols: Symbols | Float32) -> Float32:
    """Send (K, N, d) symbols over the channel of these settings, with the noise of their seed.

    The state of the channel, where it is an input of the decoder, is behind the d symbols: (K, N, d+2). In digital
    mode, the level indices of the symbols are sent.

    Raises:
        DataError: the symbols have another shape or dtype, or in digital mode no level indices.
    """
    if settings.channel.digital.modulation:
        return _transmitted_bits(networks, settings, symbols)
    values = symbols.values if isinstance(symbols, Symbols) else symbols
    _check(settings, values, settings.encoder.dimension)
    return _through_channels(settings, values)


def _transmitted_bits(networks: Networks, settings: RunConfig, symbols: Symbols | Float32) -> Float32:
    if not isinstance(symbols, Symbols) or symbols.levels is None:
        raise DataError(
            f"channel.digital.modulation = {settings.channel.digital.modulation}: expected the symbols that `encode` "
            "returns, with level indices, not amplitudes alone"
        )
    _check(settings, symbols.values, settings.encoder.dimension)
    modem = DigitalModem(settings)
    sent = np.concatenate([modem.modulate(levels) for levels in symbols.levels])
    received = _through_channels(settings, sent)
    codebooks = [device.codebook for device in networks.devices if device.codebook is not None]
    levels = [codebook.levels().detach().numpy() for codebook in codebooks]
    return np.concatenate([modem.demodulate(received[link, None], of_link) for link, of_link in enumerate(levels)])


def _through_channels(settings: RunConfig, symbols: Float32) -> Float32:
    """(K, N, n + c) behind each link's channel, block by block, of (K, N, n) real numbers on air."""
    check_links_apart(settings, "the symbols of one link")
    width = symbols.shape[2] + settings.channel.receiver.input_columns
    received = np.empty((*symbols.shape[:2], width), np.float32)
    for link in range(settings.links):
        model = link_channel(settings, link)
        for number, rows in _blocks(settings, symbols.shape[1]):
            sent = symbols[link, rows][None]
            realisation = model.draw(BlockKey(Phase.TEST, 0, number), (1, *sent.shape[1:]))
            received[link, rows] = model.apply(sent, realisation)[0]
    return received


def decoder_outputs(networks: Networks, settings: RunConfig, received: Float32) -> Float32:
    """The decoder's (N, outputs) for what `transmitted` gives.

    Raises:
        DataError: the symbols have another shape or dtype.
        RunFailedError: the outputs are not finite.
    """
    _check(settings, received, received_dimension(settings))
    trainer, samples = networks.trainer, received.shape[1]
    plan, links, parts = plan_of(settings, samples), tuple(range(settings.links)), []
    trainer.use_config(settings)
    with torch_threads(settings.runtime.torch_threads):
        for number, rows in _blocks(settings, samples):
            block = FusedBlock(BlockKey(Phase.TEST, 0, number), _side_by_side(received[:, rows]), links)
            parts.append(trainer.outputs(block, plan).numpy())
    return np.concatenate(parts)


def _blocks(settings: RunConfig, samples: int) -> Iterator[tuple[int, slice]]:
    size = settings.inference.block_size
    for number, first in enumerate(range(0, samples, size)):
        yield number, slice(first, min(first + size, samples))


def _check(settings: RunConfig, symbols: Float32, dimension: int) -> None:
    links = settings.links
    fits = symbols.ndim == 3 and symbols.shape[0] == links and symbols.shape[2] == dimension and symbols.shape[1] > 0
    if not fits or symbols.dtype != np.float32:
        raise DataError(
            f"symbols of shape {symbols.shape}, {symbols.dtype}: expected float32 of shape ({links}, N, {dimension})"
        )


def _side_by_side(received: Float32) -> Tensor:
    """(1, B, K·d) of (K, B, d), in memory of torch's own, whose alignment every engine has."""
    links, samples, dimension = received.shape
    fused = torch.empty(1, samples, links * dimension)
    for link in range(links):
        fused.numpy()[0, :, link * dimension : (link + 1) * dimension] = received[link]
    return fused
