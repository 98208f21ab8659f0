"""Trains all networks end to end."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from splitwave.common.protocol.arrays import Int64
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.phases import Phase as Pass
from splitwave.common.randomness import Purpose, generator
from splitwave.experiments.dt_jscc.evaluation import score
from splitwave.experiments.dt_jscc.network import DtJscc, drawn_indices
from splitwave.experiments.dt_jscc.objective import robust_bottleneck
from splitwave.experiments.dt_jscc.settings import Settings
from splitwave.experiments.dt_jscc.symbol_channel import SymbolChannel
from splitwave.experiments.vddib_sr.phase import Phase, PhaseReport, RunPosition
from splitwave.experiments.vddib_sr.samples import Samples


@dataclass(frozen=True, slots=True)
class Trained:
    """A trained network and the report of its training."""

    network: DtJscc
    report: PhaseReport


def train(settings: Settings, samples: Samples, validation: Samples) -> Trained:
    """Train over the link of the settings, and keep the epoch with the lowest validation error.

    Raises:
        RunFailedError: the loss is not finite.
    """
    network = DtJscc(settings, [view.shape[1] for view in samples.views])
    channel = SymbolChannel(settings, settings.psnr_db)

    def loss(ids: Int64, step: int) -> Tensor:
        places = torch.from_numpy(ids)
        scores = network.scores([view[places] for view in samples.views])
        received = [_received(settings, channel, link, each, step) for link, each in enumerate(scores)]
        return robust_bottleneck(network.decode(received), samples.labels[places], scores, settings.entropy_weight)

    start = RunPosition(0, 0)
    phase = Phase(
        module=network,
        loss=loss,
        score=lambda: score(network, validation, channel, Pass.VALIDATION),
        samples=len(samples),
        seed=settings.seed,
        schedule=settings.schedule,
        start=start,
    )
    return Trained(network, phase.run())


def _received(settings: Settings, channel: SymbolChannel, link: int, scores: Tensor, step: int) -> Tensor:
    """(B, d, M) one-hot decided indices; the gradient is that of the drawn ones, as decisions have none."""
    rng = generator(settings.seed, Purpose.ENCODER_NOISE, link=link, phase=Pass.TRAIN, step=step)
    drawn = drawn_indices(scores, settings.temperature, rng)
    sent = drawn.detach().argmax(dim=-1)
    decided = channel.transmit(link, sent, BlockKey(Pass.TRAIN, step, 0))
    wrong = functional.one_hot(decided, settings.codewords) - functional.one_hot(sent, settings.codewords)
    return drawn + wrong.to(drawn.dtype)
