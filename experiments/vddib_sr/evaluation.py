"""Evaluates a network on a split, with and without round 2."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.phases import Phase
from splitwave.experiments.vddib_sr.channel import SymbolChannel
from splitwave.experiments.vddib_sr.network import VddibSr
from splitwave.experiments.vddib_sr.phase import Score
from splitwave.experiments.vddib_sr.samples import Samples

BLOCK = 2500


@dataclass(frozen=True, slots=True)
class Predictions:
    """Logits of both decoders on N samples, (N, 10) each, and the (N,) true classes."""

    first: Tensor
    second: Tensor
    labels: Tensor

    @property
    def confidence(self) -> Tensor:
        """Decoder 1's largest softmax probability, (N,)."""
        return self.first.softmax(dim=1).amax(dim=1)

    @property
    def first_error_rate(self) -> float:
        """Share of wrong classes if round 2 is sent for no sample."""
        return _error_rate(self.first.argmax(dim=1), self.labels)

    @property
    def score(self) -> Score:
        """Score with both rounds of every sample, by which models are selected."""
        cross_entropy = functional.cross_entropy(self.second, self.labels).item()
        return Score(_error_rate(self.second.argmax(dim=1), self.labels), cross_entropy)

    def error_rate(self, again: Tensor) -> float:
        """Share of wrong classes if round 2 is sent for the samples marked in `again`, (N,) bool."""
        classes = torch.where(again, self.second.argmax(dim=1), self.first.argmax(dim=1))
        return _error_rate(classes, self.labels)


@torch.no_grad()
def predict(network: VddibSr, samples: Samples, channel: SymbolChannel, phase: Phase) -> Predictions:
    """Compute the logits of both decoders on a split, in large blocks.

    The channel's noise is keyed by `phase` and the block, so all epochs and networks are compared with the same noise.
    """
    first, second = [], []
    for number, start in enumerate(range(0, len(samples), BLOCK)):
        sent = network.send([view[start : start + BLOCK] for view in samples.views])
        received = channel.transmit(sent, BlockKey(phase, 0, number))
        first.append(network.codec.decode_first(received))
        second.append(network.codec.decode_second(received))
    return Predictions(torch.cat(first), torch.cat(second), samples.labels)


def _error_rate(classes: Tensor, labels: Tensor) -> float:
    return (classes != labels).double().mean().item()
