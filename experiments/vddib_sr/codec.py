"""Phase 2's networks: two encoders a view, and the decoders of round 1, of both rounds, and of every view."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from splitwave.experiments.vddib_sr.extractor import CLASSES
from splitwave.experiments.vddib_sr.precision import training_precision
from splitwave.experiments.vddib_sr.settings import EncodingSettings
from splitwave.experiments.vddib_sr.symbols import on_air, round_to_bits


class Logits(NamedTuple):
    """What the decoders say, (B, 10) each: from round 1 of all views, from both rounds, and from each view alone."""

    first: Tensor
    second: Tensor
    views: list[Tensor]


class ViewEncoder(nn.Module):
    """The two encoders of a view, f features → d1 and → d2 symbols: linear, sigmoid, rounded to n bits."""

    def __init__(self, features: int, settings: EncodingSettings) -> None:
        super().__init__()
        self.first = nn.Linear(features, settings.first)
        self.second = nn.Linear(features, settings.second)
        self._bits = settings.bits

    def forward(self, features: Tensor) -> Tensor:
        """(B, f) features to (B, d1 + d2) symbols in [−1, 1], those of round 1 first."""
        logits = torch.cat([self.first(features), self.second(features)], dim=1)
        return on_air(round_to_bits(logits.sigmoid(), self._bits))


class SymbolDecoder(nn.Sequential):
    """Received symbols → logits, two hidden layers with ReLU; the widths are a setting, as the source names none."""

    def __init__(self, symbols: int, widths: tuple[int, int], bf16: bool) -> None:
        one, two = widths
        super().__init__(nn.Linear(symbols, one), nn.ReLU(), nn.Linear(one, two), nn.ReLU(), nn.Linear(two, CLASSES))
        self._bf16 = bf16

    def forward(self, received: Tensor) -> Tensor:
        """(B, 10) logits, float32."""
        with training_precision(self._bf16):
            logits: Tensor = super().forward(received)  # type: ignore[no-untyped-call]
        return logits.to(received.dtype)


class Codec(nn.Module):
    """All that phase 2 trains.

    A view's own decoder sees that view's symbols of both rounds.
    """

    def __init__(self, links: int, features: int, settings: EncodingSettings, bf16: bool = False) -> None:
        """Encoders of f = `features` inputs for K = `links` views, and K + 2 decoders."""
        super().__init__()
        self._first = settings.first
        both = settings.first + settings.second
        self.encoders = nn.ModuleList(ViewEncoder(features, settings) for _ in range(links))
        self.first_decoder = SymbolDecoder(links * settings.first, settings.decoder_widths, bf16)
        self.second_decoder = SymbolDecoder(links * both, settings.decoder_widths, bf16)
        self.view_decoders = nn.ModuleList(SymbolDecoder(both, settings.decoder_widths, bf16) for _ in range(links))

    def encode(self, features: Sequence[Tensor]) -> list[Tensor]:
        """K × (B, f) features to K × (B, d1 + d2) sent symbols."""
        return [encoder(part) for encoder, part in zip(self.encoders, features, strict=True)]

    def decode_first(self, received: Sequence[Tensor]) -> Tensor:
        """(B, 10) logits from the round 1 of all views."""
        logits: Tensor = self.first_decoder(torch.cat([part[:, : self._first] for part in received], dim=1))
        return logits

    def decode_second(self, received: Sequence[Tensor]) -> Tensor:
        """(B, 10) logits from both rounds of all views."""
        logits: Tensor = self.second_decoder(torch.cat(list(received), dim=1))
        return logits

    def decode(self, received: Sequence[Tensor]) -> Logits:
        """Everything that the training objective weighs, from K × (B, d1 + d2) received symbols."""
        views = [decoder(part) for decoder, part in zip(self.view_decoders, received, strict=True)]
        return Logits(self.decode_first(received), self.decode_second(received), views)
