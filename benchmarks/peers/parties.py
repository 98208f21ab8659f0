"""The parties of the job in plain torch: what a device, the channel and the base station compute, without transport.

All competitors use these, with Splitwave's own networks, quantizer and rate, so that only their transports differ.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from splitwave.benchmarks.peers.draws import Draws
from splitwave.benchmarks.peers.job import PeerJob, Training
from splitwave.common.config.run_config import RunConfig
from splitwave.common.data.catalog import load_labels
from splitwave.common.learning.backbones.backbone import make_decoder, make_encoder
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.phases import Phase
from splitwave.device.learning.views import load_views
from splitwave.device.quantization.codebook import Codebook
from splitwave.device.quantization.fused import Grid, quantize
from splitwave.device.quantization.quantizer import level_indices
from splitwave.device.rate.bound import bound_named
from splitwave.device.rate.fused import bound_rate


class ScheduledAdam(torch.optim.Adam):
    """Torch's fused Adam with a learning rate for each step."""

    def __init__(self, parameters: Iterable[nn.Parameter], rates: Sequence[float]) -> None:
        """Args: the parameters, and the learning rates of all steps in order."""
        super().__init__(parameters, lr=rates[0], fused=True)
        self._rates = iter(rates)

    def step(self, closure: Any = None) -> Any:
        """Take one step with the next learning rate."""
        for group in self.param_groups:
            group["lr"] = next(self._rates)
        return super().step(closure)


def learning_rates(job: PeerJob, config: RunConfig) -> list[float]:
    """The learning rates of all steps of a training."""
    plan = job.plan(config)
    return [plan.learning_rate(step) for step in range(plan.steps)]


class PeerDevice(nn.Module):
    """Encoder, quantizer and data of one link."""

    def __init__(self, job: PeerJob, config: RunConfig, link: int) -> None:
        super().__init__()
        self._config, self._plan = config, job.plan(config)
        self._draws: Draws = job.draws(config, self._plan, link)
        self._variance, self._bound = config.noise_variance(link), bound_named(config.objective.bound)
        views = load_views(config, [link], job.data_dir).of(link)
        self._train, self._test = torch.from_numpy(views.train), torch.from_numpy(views.test)
        self.encoder = make_encoder(config.encoder, config.view_shape_of(link))
        self.codebook = Codebook(config.quantizer.breakpoints)
        self._draws.initialise(self)

    def symbols(self, step: int) -> Tensor:
        """The soft symbols of a batch, (B, d), with their graph; keeps what `rate` needs."""
        ids = self._draws.batch(step)
        mu, theta = self.encoder(self._train.index_select(0, ids))
        grid = Grid.of(self.codebook)
        self._encoded = mu, theta, grid
        noise, gamma = self._draws.encoder_noise(step, len(ids)), self._plan.gamma(self._plan.epoch(step))
        return quantize(mu, theta, noise, grid, gamma=gamma, straight_through=False)

    def rate(self) -> Tensor:
        """β times the bound on the rate of the last symbols, in nats per sample."""
        mu, theta, grid = self._encoded
        rate = bound_rate(mu, theta, grid, noise_variance=self._variance, bound=self._bound)
        beta = self._config.objective.beta
        assert isinstance(beta, float)  # the job has one β for all links
        return rate * (beta / len(mu))

    @torch.no_grad()
    def begin_queries(self) -> None:
        """Compute what all queries have in common."""
        self._levels, self._breakpoints = self.codebook.levels(), self.codebook.breakpoints()

    @torch.no_grad()
    def query(self, number: int) -> Tensor:
        """The hard symbols of one test sample, (1, d)."""
        place = number % len(self._test)
        mu = self.encoder.mean_of(self._test[place : place + 1])
        return self._levels[level_indices(mu, self._breakpoints).long()]


class PeerChannel:
    """Additive white Gaussian noise on all links."""

    def __init__(self, job: PeerJob, config: RunConfig) -> None:
        self._draws: Draws = job.draws(config, job.plan(config), config.links + 1)

    def transmit(self, link: int, step: int, symbols: Tensor) -> Tensor:
        """A training batch as the base station receives it; the gradient passes unchanged."""
        return symbols + self._draws.channel_noise(link, BlockKey(Phase.TRAIN, step, 0), len(symbols))

    def query(self, number: int, symbols: Tensor) -> Tensor:
        """The sample of a query as the base station receives it."""
        return symbols + self._draws.channel_noise(0, BlockKey(Phase.TEST, 0, number), len(symbols))


class PeerStation:
    """The decoder and the labels."""

    def __init__(self, job: PeerJob, config: RunConfig) -> None:
        self._draws: Draws = job.draws(config, job.plan(config), config.links)
        self._labels = torch.from_numpy(load_labels(config.data.choice, "train", job.data_dir))
        self.decoder = make_decoder(config)
        self._draws.initialise(self.decoder)
        self._losses: list[Tensor] = []

    def loss(self, step: int, received: Sequence[Tensor]) -> Tensor:
        """The cross-entropy of the received symbols of all links, in nats per sample."""
        outputs = self.decoder(torch.cat(list(received), 1))
        loss = functional.cross_entropy(outputs, self._labels[self._draws.batch(step)])
        self._losses.append(loss.detach())
        return loss

    def gradients(self, step: int, received: Sequence[Tensor]) -> list[Tensor]:
        """∂CE/∂ẑ of each link, (B, d); the decoder's own gradients wait for its optimiser."""
        leaves = [symbols.detach().requires_grad_() for symbols in received]
        self.loss(step, leaves).backward()  # type: ignore[no-untyped-call]
        return [leaf.grad for leaf in leaves if leaf.grad is not None]

    def training(self, step_s: tuple[float, ...]) -> Training:
        """The training so far, with the times of its epochs."""
        return Training(step_s, tuple(loss.item() for loss in self._losses))

    @torch.no_grad()
    def answer(self, received: Tensor) -> int:
        """The class of one sample."""
        return int(self.decoder(received).argmax(1))
