"""Faster ways to the same bits in the base station's training and decoding."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn

from splitwave.common.config.run_config import RunConfig
from splitwave.common.learning.backbones.decoder import Decoder
from splitwave.common.learning.optimiser import trained_parameters

BRIEF_MULTIPLICATIONS = 1 << 20
"""A decoder with fully connected layers does this many in about 0.1 ms: as long as it takes to hand the work to a
thread and back."""


@dataclass(frozen=True, slots=True)
class Shortcuts:
    """Faster ways to the same bits; most are for a decoder with fully connected layers on the CPU.

    Attributes:
        dense: layers whose backward pass is a `DenseStep`; empty for other decoders.
        brief_samples: evaluation samples that are decoded in less time than a hand-over to a thread takes.
        parameters: what is trained, which torch would look for in all modules.
    """

    dense: Sequence[nn.Linear]
    brief_samples: int
    parameters: Sequence[nn.Parameter]

    @classmethod
    def of(cls, decoder: nn.Module, config: RunConfig, device: torch.device) -> "Shortcuts":
        """Those of a decoder that computes on `device`."""
        parameters = trained_parameters(decoder)
        if not isinstance(decoder, Decoder) or device.type != "cpu":
            return cls([], 0, parameters)
        plain = not config.conditions and not config.runtime.bf16
        dense = [layer for layer in decoder.modules() if isinstance(layer, nn.Linear)] if plain else []
        brief_samples = BRIEF_MULTIPLICATIONS // sum(weights.numel() for weights in decoder.parameters())
        return cls(dense, brief_samples, parameters)
