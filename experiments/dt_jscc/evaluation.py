"""Evaluates a network on a split over a channel."""

import torch
from torch import Tensor
from torch.nn import functional

from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.phases import Phase
from splitwave.experiments.dt_jscc.network import DtJscc
from splitwave.experiments.dt_jscc.symbol_channel import SymbolChannel
from splitwave.experiments.vddib_sr.phase import Score
from splitwave.experiments.vddib_sr.samples import Samples

BLOCK = 2500


@torch.no_grad()
def score(network: DtJscc, samples: Samples, channel: SymbolChannel, phase: Phase) -> Score:
    """Error and cross-entropy of a split; each symbol has the most likely index.

    Noise is keyed by `phase` and the block, so all epochs and networks are compared with the same noise.
    """
    blocks = range(0, len(samples), BLOCK)
    logits = torch.cat([_logits(network, samples, channel, BlockKey(phase, 0, at // BLOCK), at) for at in blocks])
    wrong = (logits.argmax(dim=1) != samples.labels).double().mean().item()
    return Score(wrong, functional.cross_entropy(logits, samples.labels).item())


def _logits(network: DtJscc, samples: Samples, channel: SymbolChannel, key: BlockKey, first: int) -> Tensor:
    scores = network.scores([view[first : first + BLOCK] for view in samples.views])
    received = [channel.transmit(link, each.argmax(dim=-1), key) for link, each in enumerate(scores)]
    words = [
        functional.one_hot(indices, each.shape[-1]).float() for indices, each in zip(received, scores, strict=True)
    ]
    return network.decode(words)
