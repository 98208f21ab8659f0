"""The device's half of training and inference: encode, quantize, apply gradients. No transport, no clock."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import ProtocolError, RunFailedError
from splitwave.common.learning.backbones.backbone import make_encoder
from splitwave.common.learning.conditions import BlockConditions, block_conditions, check_serving_beta
from splitwave.common.learning.folding import FoldedNetwork
from splitwave.common.learning.initialisation import initialise_linear_layers
from splitwave.common.learning.optimiser import PartyOptimiser
from splitwave.common.learning.placement import Placement
from splitwave.common.protocol.arrays import Float32, Int64
from splitwave.common.protocol.blocks import BlockKey, LevelPayload, RealPayload, SymbolBlock
from splitwave.common.protocol.phases import Phase, Symbols
from splitwave.common.protocol.plan import RunPlan
from splitwave.common.randomness import Purpose, generator
from splitwave.common.records.checkpoint import weights_sha256
from splitwave.device.quantization.codebook import Codebook
from splitwave.device.quantization.fused import Grid, quantize
from splitwave.device.quantization.pmf import symbol_log_pmf
from splitwave.device.quantization.quantizer import level_indices, soft_quantize
from splitwave.device.rate.bound import bound_named
from splitwave.device.rate.bounds.prior import batch_log_prior
from splitwave.device.rate.fused import bound_rate
from splitwave.device.rate.gaussian import gaussian_kl


@dataclass(frozen=True, slots=True)
class Views:
    """A device's part of every sample, (N, features) float32, and the digest of the data they are from."""

    train: Float32
    test: Float32
    data_digest: str


@dataclass(frozen=True, slots=True)
class _Inputs:
    """What a training block is made of, which depends on no weight and can be there before its turn."""

    ids: Int64
    conditions: BlockConditions
    views: Tensor
    noise: Tensor


@dataclass(slots=True)
class _Pending:
    """A micro-batch whose gradient has not come back: the graph's ends, of which the rates' may be still to come."""

    inputs: _Inputs
    mean: Tensor
    spread: Tensor
    grids: list[Grid]
    symbols: Tensor
    rates: Tensor | None = None


def _split(counts: Sequence[int], *tensors: Tensor) -> list[tuple[Tensor, ...]]:
    if len(counts) == 1:
        return [(tensor,) for tensor in tensors]
    return [torch.split(tensor, list(counts)) for tensor in tensors]


@dataclass(frozen=True, slots=True)
class Features:
    """What the network makes of a block of a pass, before the quantizer.

    Attributes:
        mean: (B, d) float32, the encoder's mean, which is sent: not a sample of it (ADR 5).
        beta: the one that the network was told for a query's block; else None.
    """

    key: BlockKey
    ids: Int64
    mean: Tensor
    beta: float | None


class DeviceModel(nn.Module):
    """All that a device trains: the encoder φ_k and, unless T = 0, the quantizer χ_k."""

    def __init__(self, config: RunConfig, link: int) -> None:
        super().__init__()
        self.encoder = make_encoder(config.encoder, config.view_shape, config.conditions)
        breakpoints = config.quantizer.breakpoints
        self.codebook = Codebook(breakpoints) if breakpoints else None
        initialise_linear_layers(self, config.seed, party=link)


class DeviceWorker:
    """One device of a run. A step is `train_block` … `measure_rate` … `apply_gradient` … `finish_step`."""

    def __init__(self, config: RunConfig, link: int, views: Views) -> None:
        self.config = config
        self._link = link
        self._views = {Phase.TRAIN: torch.from_numpy(views.train), Phase.TEST: torch.from_numpy(views.test)}
        self._views[Phase.VALIDATION] = self._views[Phase.TRAIN]
        self._views[Phase.SERVE] = self._views[Phase.LOAD] = self._views[Phase.TEST]
        self.plan = RunPlan(config, len(views.train), len(views.test))
        self._placement = Placement(config.runtime)
        self.model = DeviceModel(config, link)
        self.model.encoder.to(self._placement.device)  # the quantizer is fast where its features go: on the CPU
        self._optimiser = PartyOptimiser(self.model, config.hypernetwork.gate_learning_rate)
        self._pending: dict[int, _Pending] = {}
        self._prepared: dict[BlockKey, _Inputs] = {}
        self._epoch_nats, self._epoch_samples = 0.0, 0
        self._folded = FoldedNetwork(self.model.encoder)
        self._bound = bound_named(config.objective.bound)
        self._log_prior: Tensor | None = None
        self._breakpoints: tuple[int, Tensor] | None = None
        self.model.register_load_state_dict_post_hook(self._forget_breakpoints)  # type: ignore[no-untyped-call]
        self._knob: float | None = None
        self._sequence = 0
        self._codebook_sent = -1
        self.next_step = 0

    @property
    def weights_sha256(self) -> str:
        """Digest of the current parameters."""
        return weights_sha256(self.model)

    @property
    def serving_beta(self) -> float | None:
        """β of the serving blocks to come: `objective.beta` until another is set; None if networks are not told."""
        if self.config.hypernetwork.beta is None:
            return None
        return self.config.beta(self._link) if self._knob is None else self._knob

    def set_beta(self, beta: float) -> None:
        """Serve under another β from the next block on; validation and test keep `objective.beta`.

        Raises:
            ProtocolError: see `check_serving_beta`.
        """
        check_serving_beta(self.config, beta)
        self._knob = beta

    def train_block(self, step: int, micro_batch: int) -> SymbolBlock:
        """Encode one micro-batch of a step, eq. (18): noise e and quantizer; keeps its graph.

        The block can leave before the local KL bound is computed, which `measure_rate` does.

        Raises:
            RunFailedError: a feature is not finite.
        """
        key = BlockKey(Phase.TRAIN, step, micro_batch)
        inputs = self._take_inputs(key)
        mean, spread = self._encode(inputs.views, inputs.conditions)
        grids, symbols = self._symbols(step, mean, spread, inputs)
        levels = [grid.levels for grid in grids]  # that a hard symbol is finite says nothing of them
        if not all(torch.isfinite(values).all() for values in (symbols, *levels)):
            raise RunFailedError(f"training diverged: features of step {step} are not finite")
        self._pending[micro_batch] = _Pending(inputs, mean, spread, grids, symbols)
        return self._block(key, inputs.ids, self._train_payload(symbols.detach()))

    def measure_rate(self, micro_batch: int) -> None:
        """Compute the local KL bound of a micro-batch that `train_block` encoded, while its symbols are on their way.

        Raises:
            RunFailedError: it is not finite.
        """
        pending = self._pending[micro_batch]
        if pending.rates is not None:
            return
        pending.rates = self._rates(pending)
        rate = pending.rates.sum().item()
        if not math.isfinite(rate):
            raise RunFailedError(f"training diverged: features of step {self.next_step} are not finite")
        self._epoch_nats += rate
        self._epoch_samples += len(pending.inputs.ids)

    def apply_gradient(self, key: BlockKey, gradient: Float32) -> None:
        """Accumulate ∂C/∂φ_k of one micro-batch: the channel's (1, B, d) ∂CE/∂z̃, plus β_k ∂D*_k/∂φ_k.

        Raises:
            ProtocolError: no such micro-batch waits, or the shape is another.
            RunFailedError: as `measure_rate`, if it was not called.
        """
        pending = self._pending.get(key.micro_batch)
        if pending is None or key.step != self.next_step:
            raise ProtocolError(f"a gradient for {key}, which does not wait for one")
        if gradient.shape != (1, *pending.symbols.shape):
            raise ProtocolError(f"a gradient of shape {gradient.shape}: expected {(1, *pending.symbols.shape)}")
        self.measure_rate(key.micro_batch)
        assert pending.rates is not None
        weights = self._rate_weights(key.step, pending.inputs.conditions, len(pending.rates))
        torch.autograd.backward([pending.symbols, pending.rates], [torch.tensor(gradient[0]), weights])
        del self._pending[key.micro_batch]

    def finish_step(self) -> None:
        """One Adam step on what the step's micro-batches accumulated."""
        self._optimiser.step(self.plan.learning_rate(self.next_step))
        self._log_prior = None
        self.next_step += 1

    def prepare(self, step: int) -> None:
        """Have the inputs of a step's blocks at hand before it is announced; without effect after the last one."""
        if step < self.plan.steps:
            for number in range(self.plan.block_count(Phase.TRAIN, step)):
                key = BlockKey(Phase.TRAIN, step, number)
                if key not in self._prepared:
                    self._prepared[key] = self._inputs(key)

    def end_epoch(self) -> float:
        """The local KL bound, nats a sample, mean over the blocks since the last call."""
        mean = self._epoch_nats / self._epoch_samples
        self._epoch_nats, self._epoch_samples = 0.0, 0
        return mean

    def pass_block(self, phase: Phase, step: int, number: int, symbols: Symbols) -> SymbolBlock:
        """Encode one block of a pass."""
        return self.quantize(self.features(BlockKey(phase, step, number)), symbols)

    @torch.no_grad()
    def features(self, key: BlockKey) -> Features:
        """The first half of `pass_block`: one block through the network."""
        ids = self._ids(key)
        beta = self.serving_beta if key.phase.is_of_queries else None
        conditions = self._conditions(key, beta) if self.config.conditions else None
        return Features(key, ids, self._mean(self.view(key.phase, ids), conditions), beta)

    @torch.no_grad()
    def quantize(self, features: Features, symbols: Symbols) -> SymbolBlock:
        """The second half: its symbols, hard or soft."""
        mean, codebook = features.mean, self.model.codebook
        if codebook is None:
            return self._pass_block(features, RealPayload(mean.numpy()[None]))
        if symbols is Symbols.SOFT:
            soft = soft_quantize(mean, codebook.weights(), codebook.breakpoints(), self.plan.gamma_final)
            return self._pass_block(features, RealPayload(soft.numpy()[None]))
        return self.levels_block(features, level_indices(mean, self._breakpoints_now(codebook)))

    @torch.no_grad()
    def levels_block(self, features: Features, indices: Tensor) -> SymbolBlock:
        """The block of features whose (B, d) uint8 level indices are known already."""
        codebook = self.model.codebook
        assert codebook is not None  # or there would be no levels
        return self._pass_block(features, self._levels(indices, codebook))

    def view(self, phase: Phase, ids: Int64) -> Tensor:
        """What this device sees of samples, (B, features), where its network is."""
        return self._placement.enter(self._views[phase].index_select(0, torch.from_numpy(ids)))

    def _breakpoints_now(self, codebook: Codebook) -> Tensor:
        """(T,), computed once a step: single samples would spend as much on them as on their network."""
        if self._breakpoints is None or self._breakpoints[0] != self.next_step:
            self._breakpoints = self.next_step, codebook.breakpoints()
        return self._breakpoints[1]

    def _forget_breakpoints(self, *_: object) -> None:
        """Weights that were loaded are of the step of those that were there."""
        self._breakpoints = None

    def _pass_block(self, features: Features, payload: LevelPayload | RealPayload) -> SymbolBlock:
        return self._block(features.key, features.ids, payload, beta=features.beta)

    def _conditions(self, key: BlockKey, beta: float | None = None) -> BlockConditions:
        betas = () if beta is None else (beta,) * self.config.links
        return block_conditions(self.config, self.plan, key, betas)

    def _rate_weights(self, step: int, conditions: BlockConditions, rates: int) -> Tensor:
        """∂C/∂rate = w·β_k/B of each rate, which is of a sample or of a run of them."""
        weights = conditions.weights * conditions.betas[self._link] / self.plan.batch_size(step)
        of_samples = rates == sum(conditions.counts)
        return torch.from_numpy(conditions.a_sample(weights) if of_samples else weights.astype(np.float32))

    def _take_inputs(self, key: BlockKey) -> _Inputs:
        return self._prepared.pop(key, None) or self._inputs(key)

    def _inputs(self, key: BlockKey) -> _Inputs:
        ids = self._ids(key)
        return _Inputs(ids, self._conditions(key), self.view(key.phase, ids), self._encoder_noise(key, len(ids)))

    def _encode(self, views: Tensor, conditions: BlockConditions) -> tuple[Tensor, Tensor]:
        """μ and θ of a training block."""
        with self._placement.precision(training=True):
            if self.config.conditions:
                rows = self._placement.enter(torch.from_numpy(conditions.rows(self._link)))
                mean, spread = self.model.encoder(views, rows)
            else:
                mean, spread = self.model.encoder(views)
        return self._placement.leave(mean), self._placement.leave(spread)

    def _mean(self, views: Tensor, conditions: BlockConditions | None) -> Tensor:
        """μ of a pass's block."""
        encoder = self.model.encoder
        if conditions is not None:
            encoder = self._folded.under(conditions.rows(self._link), self.next_step)
        return self._placement.leave(encoder.mean_of(views))

    def _symbols(self, step: int, mean: Tensor, spread: Tensor, inputs: _Inputs) -> tuple[list[Grid], Tensor]:
        """Symbols, and the codebook of each run of samples under one condition: none where T = 0."""
        codebook, settings = self.model.codebook, self.config.quantizer
        if codebook is None:
            return [], mean + spread * inputs.noise
        counts = inputs.conditions.counts
        grids = [Grid.of(codebook) for _ in counts]
        gamma, straight_through = self.plan.gamma(self.plan.epoch(step)), settings.forward == "straight-through"
        parts = [
            quantize(mu, theta, noise, grid, gamma=gamma, straight_through=straight_through)
            for mu, theta, noise, grid in zip(*_split(counts, mean, spread, inputs.noise), grids, strict=True)
        ]
        return grids, parts[0] if len(parts) == 1 else torch.cat(parts)

    def _rates(self, pending: _Pending) -> Tensor:
        """Rates: of each sample where they are exact, else of each run of so many samples.

        Samples of different runs have different weights in the objective.
        """
        conditions, mean, spread = pending.inputs.conditions, pending.mean, pending.spread
        variances, codebook = conditions.variances[self._link], self.model.codebook
        if codebook is None:
            variance = torch.from_numpy(conditions.a_sample(variances)).unsqueeze(1)
            return gaussian_kl(mean, spread, variance).sum(1)
        bound, log_prior = self._bound, self._step_log_prior(self.next_step, codebook)
        parts = zip(*_split(conditions.counts, mean, spread), pending.grids, variances.tolist(), strict=True)
        rates = [
            bound_rate(mu, theta, grid, noise_variance=variance, bound=bound, log_prior=log_prior)
            for mu, theta, grid, variance in parts
        ]
        return rates[0].unsqueeze(0) if len(rates) == 1 else torch.stack(rates)

    @torch.no_grad()
    def _step_log_prior(self, step: int, codebook: Codebook) -> Tensor | None:
        """A bound's prior is the whole step's mean pmf, so that cutting the step into parts changes nothing."""
        parts = self.plan.block_count(Phase.TRAIN, step)
        drawn = self.config.hypernetwork.beta is not None or self.config.channel.training_psnr_draws > 1
        whole = parts == 1 and not drawn
        if not self._bound.uses_batch_prior or whole:
            return None  # the run is the step: its own mean pmf is the prior
        if self._log_prior is None:
            keys = [BlockKey(Phase.TRAIN, step, number) for number in range(parts)]
            encoded = [self._encode(self.view(key.phase, self._ids(key)), self._conditions(key)) for key in keys]
            mean, spread = (torch.cat(half) for half in zip(*encoded, strict=True))
            self._log_prior = batch_log_prior(symbol_log_pmf(mean, spread, codebook.breakpoints()))
        return self._log_prior

    def _ids(self, key: BlockKey) -> Int64:
        return self.plan.block_ids(key.phase, key.step, key.micro_batch)

    def _encoder_noise(self, key: BlockKey, samples: int) -> Tensor:
        rng = generator(
            self.config.seed,
            Purpose.ENCODER_NOISE,
            link=self._link,
            phase=key.phase,
            step=key.step,
            micro_batch=key.micro_batch,
        )
        noise = rng.standard_normal((samples, self.config.encoder.dimension), dtype=np.float32)
        return torch.from_numpy(noise)

    @torch.no_grad()
    def _train_payload(self, symbols: Tensor) -> LevelPayload | RealPayload:
        codebook = self.model.codebook
        if codebook is None or self.config.quantizer.forward == "soft":
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
        self,
        key: BlockKey,
        ids: Int64,
        payload: LevelPayload | RealPayload,
        beta: float | None = None,
    ) -> SymbolBlock:
        block = SymbolBlock(self._link, self._sequence, key, ids, payload, beta)
        self._sequence += 1
        return block
