"""The device's half of training and inference: encode, quantize, apply gradients. No transport, no clock."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from common.checkpoint import weights_sha256
from common.config import RunConfig
from common.errors import ProtocolError, RunFailedError
from common.initialisation import initialise_linear_layers
from common.link_noise import noise_variance
from common.messages import BlockKey, Float32, Int64, LevelPayload, Phase, RealPayload, SymbolBlock, Symbols
from common.placement import Placement
from common.plan import RunPlan
from common.randomness import Purpose, generator
from device.bounds import batch_log_prior, gaussian_kl
from device.codebook import Codebook
from device.encoder import make_encoder
from device.fused import quantize_with_rate
from device.pmf import symbol_log_pmf
from device.quantizer import level_indices, soft_quantize


@dataclass(frozen=True, slots=True)
class Views:
    """A device's part of every image, (N, features) float32 in [0, 1], and the digest of the data they are from."""

    train: Float32
    test: Float32
    data_digest: str


@dataclass(frozen=True, slots=True)
class _Pending:
    """A micro-batch whose gradient has not come back: the graph's two ends."""

    symbols: Tensor
    rate: Tensor


class DeviceModel(nn.Module):
    """All that a device trains: the encoder φ_k and, unless T = 0, the quantizer χ_k."""

    def __init__(self, config: RunConfig, link: int) -> None:
        super().__init__()
        self.encoder = make_encoder(config.encoder, config.view_shape)
        breakpoints = config.quantizer.breakpoints
        self.codebook = Codebook(breakpoints) if breakpoints else None
        initialise_linear_layers(self, config.seed, party=link)


class DeviceWorker:
    """One device of a run. A training step is `train_block` … `apply_gradient` … `finish_step`."""

    def __init__(self, config: RunConfig, link: int, views: Views) -> None:
        self._config = config
        self._link = link
        self._views = {Phase.TRAIN: torch.from_numpy(views.train), Phase.TEST: torch.from_numpy(views.test)}
        self._views[Phase.VALIDATION] = self._views[Phase.TRAIN]
        self._views[Phase.SERVE] = self._views[Phase.TEST]
        self.plan = RunPlan(config, len(views.train), len(views.test))
        self._placement = Placement(config.runtime)
        self.model = DeviceModel(config, link)
        self.model.encoder.to(self._placement.device)  # the quantizer is fast where its features go: on the CPU
        self._optimiser = torch.optim.Adam(self.model.parameters(), fused=True)
        self._pending: dict[int, _Pending] = {}
        self._log_prior: Tensor | None = None
        self._sequence = 0
        self._codebook_sent = -1
        self.next_step = 0

    @property
    def weights_sha256(self) -> str:
        """Digest of the current parameters."""
        return weights_sha256(self.model)

    def train_block(self, step: int, micro_batch: int) -> SymbolBlock:
        """Encode one micro-batch of a step, eq. (18): noise e, quantizer, local KL bound; keeps its graph.

        Raises:
            RunFailedError: a feature or the rate is not finite.
        """
        key = BlockKey(Phase.TRAIN, step, micro_batch)
        ids = self.plan.block_ids(Phase.TRAIN, step, micro_batch)
        mean, spread = self._encode(key, ids)
        noise = self._encoder_noise(key, len(ids))
        symbols, rate = self._quantize(step, mean, spread, noise)
        if not (torch.isfinite(rate) and torch.isfinite(symbols).all()):
            raise RunFailedError(f"training diverged: features of step {step} are not finite")
        self._pending[micro_batch] = _Pending(symbols, rate)
        return self._block(key, ids, self._train_payload(symbols.detach()), rate.item() / len(ids))

    def apply_gradient(self, key: BlockKey, gradient: Float32) -> None:
        """Accumulate ∂C/∂φ_k of one micro-batch: the channel's (1, B, d) ∂CE/∂z̃, plus β_k ∂D*_k/∂φ_k.

        Raises:
            ProtocolError: no such micro-batch waits, or the shape is another.
        """
        pending = self._pending.get(key.micro_batch)
        if pending is None or key.step != self.next_step:
            raise ProtocolError(f"a gradient for {key}, which does not wait for one")
        if gradient.shape != (1, *pending.symbols.shape):
            raise ProtocolError(f"a gradient of shape {gradient.shape}: expected {(1, *pending.symbols.shape)}")
        weight = self._config.beta(self._link) / self.plan.batch_size(key.step)
        upstream = torch.tensor(gradient[0])
        torch.autograd.backward([pending.symbols, pending.rate], [upstream, torch.tensor(weight)])
        del self._pending[key.micro_batch]

    def finish_step(self) -> None:
        """One Adam step on what the step's micro-batches accumulated."""
        self._optimiser.param_groups[0]["lr"] = self.plan.learning_rate(self.next_step)
        self._optimiser.step()
        self._optimiser.zero_grad()
        self._log_prior = None
        self.next_step += 1

    @torch.no_grad()
    def pass_block(self, phase: Phase, step: int, number: int, symbols: Symbols) -> SymbolBlock:
        """Encode one block of a pass. The encoder's mean is sent, not a sample of it (ADR 5)."""
        key = BlockKey(phase, step, number)
        ids = self.plan.block_ids(phase, step, number)
        mean, _ = self._encode(key, ids)
        codebook = self.model.codebook
        if codebook is None:
            payload: LevelPayload | RealPayload = RealPayload(mean.numpy()[None])
        elif symbols is Symbols.SOFT:
            soft = soft_quantize(mean, codebook.weights(), codebook.breakpoints(), self.plan.gamma_final)
            payload = RealPayload(soft.numpy()[None])
        else:
            payload = self._levels(level_indices(mean, codebook.breakpoints()), codebook)
        return self._block(key, ids, payload)

    def _encode(self, key: BlockKey, ids: Int64) -> tuple[Tensor, Tensor]:
        inputs = self._views[key.phase].index_select(0, torch.from_numpy(ids))
        with self._placement.precision(training=key.phase is Phase.TRAIN):
            mean, spread = self.model.encoder(self._placement.enter(inputs))
        return self._placement.leave(mean), self._placement.leave(spread)

    def _quantize(self, step: int, mean: Tensor, spread: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        variance = noise_variance(self._config, self._link, Phase.TRAIN, step)
        codebook, settings = self.model.codebook, self._config.quantizer
        if codebook is None:
            return mean + spread * noise, gaussian_kl(mean, spread, variance).sum()
        return quantize_with_rate(
            mean,
            spread,
            noise,
            codebook,
            gamma=self.plan.gamma(self.plan.epoch(step)),
            straight_through=settings.forward == "straight-through",
            noise_variance=variance,
            bound=self._config.objective.bound,
            log_prior=self._step_log_prior(step, codebook),
        )

    @torch.no_grad()
    def _step_log_prior(self, step: int, codebook: Codebook) -> Tensor | None:
        """Bound `prior` takes the whole step's mean pmf, so that cutting it into micro-batches changes nothing."""
        parts = self.plan.block_count(Phase.TRAIN, step)
        if self._config.objective.bound != "prior" or parts == 1:
            return None  # the micro-batch is the step: its own mean pmf is the prior
        if self._log_prior is None:
            ids = np.concatenate([self.plan.block_ids(Phase.TRAIN, step, number) for number in range(parts)])
            mean, spread = self._encode(BlockKey(Phase.TRAIN, step, 0), ids)
            self._log_prior = batch_log_prior(symbol_log_pmf(mean, spread, codebook.breakpoints()))
        return self._log_prior

    def _encoder_noise(self, key: BlockKey, samples: int) -> Tensor:
        rng = generator(
            self._config.seed,
            Purpose.ENCODER_NOISE,
            link=self._link,
            phase=key.phase,
            step=key.step,
            micro_batch=key.micro_batch,
        )
        noise = rng.standard_normal((samples, self._config.encoder.dimension), dtype=np.float32)
        return torch.from_numpy(noise)

    @torch.no_grad()
    def _train_payload(self, symbols: Tensor) -> LevelPayload | RealPayload:
        codebook = self.model.codebook
        if codebook is None or self._config.quantizer.forward == "soft":
            return RealPayload(symbols.numpy()[None])
        # Straight-through symbols are levels already: looking them up gives back exactly their indices.
        return self._levels(torch.searchsorted(codebook.levels(), symbols), codebook)

    def _levels(self, indices: Tensor, codebook: Codebook) -> LevelPayload:
        levels = None
        if self._codebook_sent != self.next_step:  # the codebook changes with each optimiser step
            levels = codebook.levels().numpy()
            self._codebook_sent = self.next_step
        return LevelPayload(indices.to(torch.uint8).numpy(), self.next_step, levels)

    def _block(
        self, key: BlockKey, ids: Int64, payload: LevelPayload | RealPayload, rate_nats: float = 0.0
    ) -> SymbolBlock:
        block = SymbolBlock(self._link, self._sequence, key, ids, payload, rate_nats)
        self._sequence += 1
        return block
