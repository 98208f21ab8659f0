"""The whole system after phase 1: extractors and codec, trained in phase 3 and evaluated."""

from collections.abc import Sequence

from torch import Tensor, nn

from splitwave.experiments.vddib_sr.codec import Codec
from splitwave.experiments.vddib_sr.extractor import Extractor, Features


class VddibSr(nn.Module):
    """K extractors, and the codec that follows them."""

    def __init__(self, extractors: Sequence[Extractor], codec: Codec) -> None:
        super().__init__()
        self.extractors = nn.ModuleList(extractors)
        self.codec = codec

    def features(self, views: Sequence[Tensor]) -> list[Features]:
        """The distributions of the features of K × (B, P) views."""
        return [extractor(view) for extractor, view in zip(self.extractors, views, strict=True)]

    def send(self, views: Sequence[Tensor]) -> list[Tensor]:
        """K × (B, d1 + d2) symbols as sent at inference: of the features' means, as for QML-IB (ADR 5)."""
        return self.codec.encode([features.mean for features in self.features(views)])
