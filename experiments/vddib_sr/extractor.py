"""Phase 1's networks: a probabilistic extractor a view and its view-specific classifier."""

from typing import NamedTuple

from torch import Tensor, nn

from splitwave.experiments.vddib_sr.precision import training_precision
from splitwave.experiments.vddib_sr.settings import ExtractorName

MEAN_SCALE = 10.0
MLP_WIDTH = 256
CLASSES = 10


class Features(NamedTuple):
    """p(z|x) = N(mean, diag sigma²): |mean| ≤ 10 and 0 < sigma < 1, (B, f) each."""

    mean: Tensor
    sigma: Tensor


class Extractor(nn.Module):
    """mean = 10·tanh(W_μ h + b_μ), sigma = sigmoid(W_σ h + b_σ)  [VDDIB-SR, phase 1].

    h is the view itself for `linear` (one layer to f features, as in QML-IB's Table I), and two hidden layers of 256
    with ReLU for `mlp` (the VDDIB-SR authors' extractor).
    """

    def __init__(self, name: ExtractorName, pixels: int, features: int, bf16: bool = False) -> None:
        """A trunk over P pixels, trained in bfloat16 or not, and two heads of f features."""
        super().__init__()
        self._bf16 = bf16
        hidden = pixels if name == "linear" else MLP_WIDTH
        self.trunk = nn.Identity() if name == "linear" else _mlp_trunk(pixels)
        self.mean = nn.Linear(hidden, features)
        self.sigma = nn.Linear(hidden, features)

    def forward(self, x: Tensor) -> Features:
        """The distribution of the features of (B, P) float32 views."""
        with training_precision(self._bf16):
            hidden = self.trunk(x).to(x.dtype)
        return Features(MEAN_SCALE * self.mean(hidden).tanh(), self.sigma(hidden).sigmoid())


class ViewModel(nn.Module):
    """What phase 1 trains for one view: the extractor, and one linear layer that classifies from its features.

    The source gives no network for this classifier; a linear one makes the features linearly separable, which suits
    the one-layer encoders that read them later.
    """

    def __init__(self, name: ExtractorName, pixels: int, features: int, bf16: bool = False) -> None:
        super().__init__()
        self.extractor = Extractor(name, pixels, features, bf16)
        self.classifier = nn.Linear(features, CLASSES)


def _mlp_trunk(pixels: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(pixels, MLP_WIDTH), nn.ReLU(), nn.Linear(MLP_WIDTH, MLP_WIDTH), nn.ReLU())
