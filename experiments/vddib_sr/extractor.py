"""The networks of phase 1: a probabilistic extractor and a classifier for each view."""

from typing import NamedTuple

from torch import Tensor, nn

from splitwave.experiments.vddib_sr.precision import training_precision
from splitwave.experiments.vddib_sr.settings import ExtractorName

MEAN_SCALE = 10.0
MLP_WIDTH = 256
CLASSES = 10


class Features(NamedTuple):
    """The distribution p(z|x) = N(mean, diag sigma²) with |mean| ≤ 10 and 0 < sigma < 1, (B, f) each."""

    mean: Tensor
    sigma: Tensor


class Extractor(nn.Module):
    """Computes mean = 10·tanh(W_μ h + b_μ) and sigma = sigmoid(W_σ h + b_σ)  [VDDIB-SR, phase 1].

    h is the view itself for `linear` (one layer to f features, as in QML-IB's Table I), or the output of two hidden
    layers of width 256 with ReLU for `mlp` (the VDDIB-SR authors' extractor).
    """

    def __init__(self, name: ExtractorName, pixels: int, features: int, bf16: bool = False) -> None:
        """Create a trunk for P pixels, optionally computed in bfloat16 in training, and two heads with f features."""
        super().__init__()
        self._bf16 = bf16
        hidden = pixels if name == "linear" else MLP_WIDTH
        self.trunk = nn.Identity() if name == "linear" else _mlp_trunk(pixels)
        self.mean = nn.Linear(hidden, features)
        self.sigma = nn.Linear(hidden, features)

    def forward(self, x: Tensor) -> Features:
        """Compute the distribution of the features of (B, P) float32 views."""
        with training_precision(self._bf16):
            hidden = self.trunk(x).to(x.dtype)
        return Features(MEAN_SCALE * self.mean(hidden).tanh(), self.sigma(hidden).sigmoid())


class ViewModel(nn.Module):
    """The networks that phase 1 trains for one view: the extractor, and a linear classifier of its features.

    The source does not specify this classifier; a linear one makes the features linearly separable, which suits the
    one-layer encoders of phase 2.
    """

    def __init__(self, name: ExtractorName, pixels: int, features: int, bf16: bool = False) -> None:
        super().__init__()
        self.extractor = Extractor(name, pixels, features, bf16)
        self.classifier = nn.Linear(features, CLASSES)


def _mlp_trunk(pixels: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(pixels, MLP_WIDTH), nn.ReLU(), nn.Linear(MLP_WIDTH, MLP_WIDTH), nn.ReLU())
