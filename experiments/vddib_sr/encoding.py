"""Phases 2 and 3: distributed encoding over frozen extractors, then training of all networks end to end."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from splitwave.common.learning.initialisation import initialise_linear_layers
from splitwave.common.protocol.arrays import Int64
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.phases import Phase as Pass
from splitwave.experiments.vddib_sr.channel import SymbolChannel
from splitwave.experiments.vddib_sr.codec import Codec, Logits
from splitwave.experiments.vddib_sr.evaluation import predict
from splitwave.experiments.vddib_sr.extraction import Extraction, freeze
from splitwave.experiments.vddib_sr.extractor import Features
from splitwave.experiments.vddib_sr.network import VddibSr
from splitwave.experiments.vddib_sr.noise import sample_features
from splitwave.experiments.vddib_sr.objective import distributed_loss, gaussian_rate
from splitwave.experiments.vddib_sr.phase import Phase, PhaseReport, Score
from splitwave.experiments.vddib_sr.samples import Samples
from splitwave.experiments.vddib_sr.settings import Settings


@dataclass(frozen=True, slots=True)
class Trained:
    """A trained network, and the reports of phases 2 and 3."""

    network: VddibSr
    encode: PhaseReport
    finetune: PhaseReport


def train_encoding(settings: Settings, extraction: Extraction, train: Samples, validation: Samples) -> Trained:
    """Carry out phases 2 and 3 after a phase 1, which is not modified and can be shared by other encodings.

    Both phases minimise `distributed_loss` with noisy features; phase 3 adds the extractors' KL rate. Each keeps the
    epoch with the lowest validation error after both rounds, over the training link.

    Raises:
        RunFailedError: a loss is not finite.
    """
    network = _network(settings, extraction)
    encoding, seed = settings.encoding, settings.seed
    channel = SymbolChannel(seed, settings.links, encoding.psnr_db)
    frozen = freeze(list(extraction.extractors), train)

    def score() -> Score:
        return predict(network, validation, channel, Pass.VALIDATION).score

    def decode(distributions: Sequence[Features], step: int) -> Logits:
        features = [sample_features(distribution, seed, link, step) for link, distribution in enumerate(distributions)]
        return network.codec.decode(channel.transmit(network.codec.encode(features), BlockKey(Pass.TRAIN, step, 0)))

    def loss_over_frozen(ids: Int64, step: int) -> Tensor:
        places = torch.from_numpy(ids)
        distributions = [Features(distribution.mean[places], distribution.sigma[places]) for distribution in frozen]
        return distributed_loss(decode(distributions, step), train.labels[places], encoding.beta)

    def loss(ids: Int64, step: int) -> Tensor:
        places = torch.from_numpy(ids)
        distributions = network.features([view[places] for view in train.views])
        rate = torch.stack([gaussian_rate(distribution) for distribution in distributions]).sum()
        return (
            distributed_loss(decode(distributions, step), train.labels[places], encoding.beta)
            + encoding.rate_beta * rate
        )

    encode = Phase(network.codec, loss_over_frozen, score, len(train), seed, encoding.encode, extraction.end)
    finetune = Phase(network, loss, score, len(train), seed, encoding.finetune, encode.end)
    return Trained(network, encode.run(), finetune.run())


def _network(settings: Settings, extraction: Extraction) -> VddibSr:
    codec = Codec(settings.links, settings.extraction.features, settings.encoding, settings.bf16)
    initialise_linear_layers(codec, settings.seed, party=settings.links)
    return VddibSr(copy.deepcopy(extraction.extractors), codec)
