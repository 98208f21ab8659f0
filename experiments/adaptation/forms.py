"""The forms that a link may send a sample in, and what the base station receives of each over a fading trace.

Shapes: N samples, K links, d features, c inputs of channel state, w = d + c.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from splitwave.channel.emulator.adapted_forms import AdaptedForms
from splitwave.channel.receiver.measurement import LinkMeasurement
from splitwave.common.protocol.arrays import Bytes, Float32, Int64
from splitwave.common.protocol.blocks import BlockKey, LevelPayload, SymbolBlock
from splitwave.common.protocol.phases import Phase
from splitwave.common.protocol.sent_part import sent_part
from splitwave.device.learning.pass_encoder import PassFeatures
from splitwave.device.quantization.merged_levels import MergedLevels
from splitwave.device.quantization.quantizer import level_indices
from splitwave.experiments.inprocess_run import InprocessRun


class Form(NamedTuple):
    """The form in which a link sends a sample; with 0 bits it is silent."""

    modulation: str
    bits: int

    def __str__(self) -> str:
        return f"{self.modulation} {self.bits} bits" if self.bits else "silent"


SILENT = Form("none", 0)


@dataclass(frozen=True, slots=True)
class Received:
    """The samples of a phase behind the channels, in every form.

    Attributes:
        forms: the forms.
        symbols: (forms, K, N, w) float32; zeros of the silent form.
        psnr_db: (K, N) measured peak PSNR of each sample, whichever its form.
        bits, uses: (forms,) information bits, and channel symbols, a sample and link.
        ids: (N,) places of the samples in their split.
    """

    forms: tuple[Form, ...]
    symbols: Float32
    psnr_db: NDArray[np.float64]
    bits: Int64
    uses: Int64
    ids: Int64


def receive(run: InprocessRun, phase: Phase, forms: Sequence[Form]) -> Received:
    """Send all samples of a phase in every form, with the noise and the fading that the run's settings key.

    Args:
        run: with trained, plain networks, under settings with a modulation and channel state.
        phase: whose samples.
        forms: the forms, with silent ones or without.
    """
    config, links = run.trainer.config, range(run.config.links)
    keys = [BlockKey(phase, 0, number) for number in range(run.plan.block_count(phase, 0))]
    of_links = [_receive_link(run, link, keys, forms) for link in links]
    symbols = np.stack([each[0] for each in of_links], axis=1)
    parts = {form: sent_part(config, _block(0, keys[0], np.zeros((1, 1), dtype=np.uint8), np.zeros(1), form))
             for form in forms if form.bits}  # fmt: skip
    return Received(
        tuple(forms),
        symbols,
        np.stack([each[1] for each in of_links]),
        np.array([parts[form].bits if form.bits else 0 for form in forms]),
        np.array([parts[form].symbols if form.bits else 0 for form in forms]),
        np.concatenate([run.plan.block_ids(phase, 0, key.micro_batch) for key in keys]),
    )


def join(received: Sequence[Received]) -> Received:
    """Samples one after the other, received in the same forms."""
    first = received[0]
    return Received(
        first.forms,
        np.concatenate([each.symbols for each in received], axis=2),
        np.concatenate([each.psnr_db for each in received], axis=1),
        first.bits,
        first.uses,
        np.concatenate([each.ids for each in received]),
    )


def _receive_link(
    run: InprocessRun, link: int, keys: Sequence[BlockKey], forms: Sequence[Form]
) -> tuple[Float32, NDArray[np.float64]]:
    """(forms, N, w) symbols and (N,) PSNR of one link."""
    config, worker = run.trainer.config, run.workers[link]
    sent_as, measurement = AdaptedForms(config, link), LinkMeasurement(config, link)
    symbols, psnr_db = [], []
    for key in keys:
        features = worker.features(key)
        assert isinstance(features, PassFeatures)  # no block of training
        received = _send(run, sent_as, features, link, forms)
        width = max(each.shape[-1] for each in received.values())
        samples = len(features.ids)
        silent = np.zeros((samples, width), dtype=np.float32)
        symbols.append(np.stack([received.get(form, silent) for form in forms]))
        psnr_db.append(measurement.of_samples(key, samples))
    return np.concatenate(symbols, axis=1), np.concatenate(psnr_db)


def _send(
    run: InprocessRun, sent_as: AdaptedForms, features: PassFeatures, link: int, forms: Sequence[Form]
) -> Mapping[Form, Float32]:
    """By form that sends, the (B, w) received symbols of a block."""
    codebook = run.workers[link].model.codebook
    assert codebook is not None  # or there would be no modulation
    received = {}
    with torch.no_grad():
        levels, indices = codebook.levels(), level_indices(features.mean, codebook.breakpoints())
    for form in forms:
        if not form.bits:
            continue
        merged = MergedLevels(run.config.bits_per_symbol - form.bits)
        sent = merged.indices(indices).numpy()
        block = _block(link, features.key, sent, merged.levels(levels).numpy(), form)
        modem, channel = sent_as.modem_of(block), sent_as.channel_of(block)
        assert modem is not None  # of settings with a modulation
        on_air = modem.modulate(sent)
        arrived = channel.apply(on_air, channel.draw(features.key, on_air.shape))
        received[form] = modem.demodulate(arrived, merged.levels(levels).numpy())[0]
    return received


def _block(link: int, key: BlockKey, indices: Bytes, levels: NDArray[np.floating[Any]], form: Form) -> SymbolBlock:
    payload = LevelPayload(indices, 0, levels.astype(np.float32))
    ids = np.arange(len(indices))
    return SymbolBlock(link, 0, key, ids, payload, bits=form.bits, modulation=form.modulation)
