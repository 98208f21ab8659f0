"""The networks of phase 2: two encoders per view, and decoders for round 1, for both rounds, and for each view."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from splitwave.experiments.vddib_sr.extractor import CLASSES
from splitwave.experiments.vddib_sr.precision import training_precision
from splitwave.experiments.vddib_sr.settings import EncodingSettings
from splitwave.experiments.vddib_sr.symbols import on_air, round_to_bits


class Logits(NamedTuple):
    """The logits of all decoders, (B, 10) each: for round 1 of all views, for both rounds, and for each view alone."""

    first: Tensor
    second: Tensor
    views: list[Tensor]


class ViewEncoder(nn.Module):
    """The two encoders of a view, f features to d1 and to d2 symbols: linear, sigmoid, rounded to n bits."""

    def __init__(self, features: int, settings: EncodingSettings) -> None:
        super().__init__()
        self.first = nn.Linear(features, settings.first)
        self.second = nn.Linear(features, settings.second)
        self._bits = settings.bits

    def forward(self, features: Tensor) -> Tensor:
        """Encode (B, f) features as (B, d1 + d2) symbols in [−1, 1], with those of round 1 first."""
        logits = torch.cat([self.first(features), self.second(features)], dim=1)
        return on_air(round_to_bits(logits.sigmoid(), self._bits))


class SymbolDecoder(nn.Sequential):
    """Decodes symbols by two hidden layers with ReLU; the source does not name their widths, so these are settings."""

    def __init__(self, symbols: int, widths: tuple[int, int], bf16: bool) -> None:
        one, two = widths
        super().__init__(nn.Linear(symbols, one), nn.ReLU(), nn.Linear(one, two), nn.ReLU(), nn.Linear(two, CLASSES))
        self._bf16 = bf16

    def forward(self, received: Tensor) -> Tensor:
        """Decode received symbols as (B, 10) float32 logits."""
        with training_precision(self._bf16):
            logits: Tensor = super().forward(received)  # type: ignore[no-untyped-call]
        return logits.to(received.dtype)


class Codec(nn.Module):
    """All networks trained in phase 2; a view's own decoder gets that view's symbols of both rounds."""

    def __init__(self, links: int, features: int, settings: EncodingSettings, bf16: bool = False) -> None:
        """Create encoders with f = `features` inputs for K = `links` views, and K + 2 decoders."""
        super().__init__()
        self._first = settings.first
        both = settings.first + settings.second
        self.encoders = nn.ModuleList(ViewEncoder(features, settings) for _ in range(links))
        self.first_decoder = SymbolDecoder(links * settings.first, settings.decoder_widths, bf16)
        self.second_decoder = SymbolDecoder(links * both, settings.decoder_widths, bf16)
        self.view_decoders = nn.ModuleList(SymbolDecoder(both, settings.decoder_widths, bf16) for _ in range(links))

    def encode(self, features: Sequence[Tensor]) -> list[Tensor]:
        """Encode K × (B, f) features as K × (B, d1 + d2) symbols."""
        return [encoder(part) for encoder, part in zip(self.encoders, features, strict=True)]

    def decode_first(self, received: Sequence[Tensor]) -> Tensor:
        """Decode round 1 of all views as (B, 10) logits."""
        logits: Tensor = self.first_decoder(torch.cat([part[:, : self._first] for part in received], dim=1))
        return logits

    def decode_second(self, received: Sequence[Tensor]) -> Tensor:
        """Decode both rounds of all views as (B, 10) logits."""
        logits: Tensor = self.second_decoder(torch.cat(list(received), dim=1))
        return logits

    def decode(self, received: Sequence[Tensor]) -> Logits:
        """Decode K × (B, d1 + d2) received symbols with all decoders, as the training objective needs."""
        views = [decoder(part) for decoder, part in zip(self.view_decoders, received, strict=True)]
        return Logits(self.decode_first(received), self.decode_second(received), views)
