"""The complete network, which phase 3 trains: extractors and codec."""

from collections.abc import Sequence

from torch import Tensor, nn

from splitwave.experiments.vddib_sr.codec import Codec
from splitwave.experiments.vddib_sr.extractor import Extractor, Features


class VddibSr(nn.Module):
    """K extractors, followed by the codec."""

    def __init__(self, extractors: Sequence[Extractor], codec: Codec) -> None:
        super().__init__()
        self.extractors = nn.ModuleList(extractors)
        self.codec = codec

    def features(self, views: Sequence[Tensor]) -> list[Features]:
        """Compute the distributions of the features of K × (B, P) views."""
        return [extractor(view) for extractor, view in zip(self.extractors, views, strict=True)]

    def send(self, views: Sequence[Tensor]) -> list[Tensor]:
        """Encode K × (B, P) views as K × (B, d1 + d2) symbols for inference, from the features' means (ADR 5)."""
        return self.codec.encode([features.mean for features in self.features(views)])
