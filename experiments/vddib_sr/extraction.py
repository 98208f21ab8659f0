"""Phase 1, feature extraction: the extractor of each view is trained alone, by a variational information bottleneck."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from splitwave.common.learning.initialisation import initialise_linear_layers
from splitwave.common.protocol.arrays import Int64
from splitwave.experiments.vddib_sr.extractor import Extractor, Features, ViewModel
from splitwave.experiments.vddib_sr.noise import sample_features
from splitwave.experiments.vddib_sr.objective import gaussian_rate
from splitwave.experiments.vddib_sr.phase import Phase, PhaseReport, RunPosition, Score
from splitwave.experiments.vddib_sr.samples import Samples
from splitwave.experiments.vddib_sr.settings import Settings


class Extraction(NamedTuple):
    """The result of phase 1: K trained extractors, one report per view, and the start position of phase 2."""

    extractors: tuple[Extractor, ...]
    reports: tuple[PhaseReport, ...]
    end: RunPosition


def extract(settings: Settings, train: Samples, validation: Samples) -> Extraction:
    """Train each view's extractor with its own classifier, and keep the best epoch of each view.

    Minimises CE(classifier_k(z_k)) + β·KL(p(z_k|x_k) ‖ N(0, I)) for each k; the views share nothing.

    Raises:
        RunFailedError: a loss is not finite.
    """
    phases = [_phase(settings, link, train, validation) for link in range(settings.links)]
    reports = tuple(phase.run() for phase, _ in phases)
    return Extraction(tuple(model.extractor for _, model in phases), reports, phases[0][0].end)


@torch.no_grad()
def freeze(extractors: Sequence[Extractor], samples: Samples) -> list[Features]:
    """Compute the distributions of the features of all samples for K views, which phase 2 does not change."""
    return [extractor(view) for extractor, view in zip(extractors, samples.views, strict=True)]


def _phase(settings: Settings, link: int, train: Samples, validation: Samples) -> tuple[Phase, ViewModel]:
    extraction = settings.extraction
    model = ViewModel(extraction.extractor, train.views[link].shape[1], extraction.features, settings.bf16)
    initialise_linear_layers(model, settings.seed, party=link)

    def loss(ids: Int64, step: int) -> Tensor:
        places = torch.from_numpy(ids)
        features = model.extractor(train.views[link][places])
        logits = model.classifier(sample_features(features, settings.seed, link, step))
        return functional.cross_entropy(logits, train.labels[places]) + extraction.beta * gaussian_rate(features)

    def score() -> Score:
        return _score(model, validation.views[link], validation.labels)

    return Phase(model, loss, score, len(train), settings.seed, extraction.schedule, RunPosition(0, 0)), model


@torch.no_grad()
def _score(model: ViewModel, view: Tensor, labels: Tensor) -> Score:
    logits = model.classifier(model.extractor(view).mean)
    error_rate = (logits.argmax(dim=1) != labels).double().mean().item()
    return Score(error_rate, functional.cross_entropy(logits, labels).item())
