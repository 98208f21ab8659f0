"""The device's half of training: encode and quantize blocks, measure their rate, apply gradients."""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import CheckpointError, ProtocolError, RunFailedError
from splitwave.common.learning.optimiser import PartyOptimiser
from splitwave.common.protocol.arrays import Float32
from splitwave.common.protocol.blocks import BlockKey, SymbolBlock
from splitwave.common.records.training_part import TrainingPart
from splitwave.device.learning.block_writer import BlockWriter
from splitwave.device.learning.link_conditions import LinkConditions
from splitwave.device.learning.link_samples import LinkSamples
from splitwave.device.learning.local_rate import LocalRate, split_groups
from splitwave.device.learning.model import DeviceModel
from splitwave.device.learning.training_inputs import BlockInputs, TrainingInputs
from splitwave.device.quantization.fused import Grid, quantize


@dataclass(frozen=True, slots=True)
class TrainingFeatures:
    """A training block behind the encoder: μ and θ, (B, d) float32 on the CPU, with their graph."""

    key: BlockKey
    inputs: BlockInputs
    mean: Tensor
    spread: Tensor


@dataclass(frozen=True, slots=True)
class _Pending:
    """A micro-batch that waits for its gradient, with its graph."""

    features: TrainingFeatures
    grids: list[Grid]
    symbols: Tensor


class DeviceTrainer:
    """Trains one device. Each micro-batch goes through `features`, `quantize`, `measure_rate` and `apply_gradient`.

    `finish_step` ends the step after its last micro-batch.
    """

    def __init__(
        self,
        config: RunConfig,
        link: int,
        *,
        model: DeviceModel,
        samples: LinkSamples,
        conditions: LinkConditions,
        writer: BlockWriter,
    ) -> None:
        """Set up the training of one link from step 0.

        Args:
            config: the run's settings.
            link: k.
            model: what is trained.
            samples: of the link.
            conditions: of its blocks.
            writer: numbers its blocks.
        """
        self._model = model
        self._plan = samples.plan
        self._conditions = conditions
        self._writer = writer
        self._inputs = TrainingInputs(config, link, samples, conditions)
        self._rate = LocalRate(config, link, model, samples, conditions)
        self._optimiser = PartyOptimiser(model, config.hypernetwork.gate_learning_rate)
        self._straight_through = config.quantizer.forward == "straight-through"
        self._pending: dict[int, _Pending] = {}
        self._rates: dict[int, Tensor] = {}
        self._epoch_nats = 0.0
        self._epoch_samples = 0

    def features(self, key: BlockKey) -> TrainingFeatures:
        """Encode one micro-batch of a step."""
        inputs = self._inputs.take(key)
        return TrainingFeatures(
            key, inputs, *self._model.encode(inputs.views, self._conditions.inputs(inputs.conditions))
        )

    def quantize(self, features: TrainingFeatures) -> SymbolBlock:
        """Add the noise e and quantize, eq. (18); keeps the graph until the gradient of the block is applied.

        The block can leave before its rate is measured.

        Raises:
            RunFailedError: a feature is not finite.
        """
        key = features.key
        grids, symbols = self._symbols(features)
        levels = [grid.levels for grid in grids]  # a hard symbol can be finite although a level is not
        if not all(np.isfinite(values.detach().numpy()).all() for values in (symbols, *levels)):
            raise RunFailedError(f"training diverged: features of step {key.step} are not finite")
        self._pending[key.micro_batch] = _Pending(features, grids, symbols)
        return self._block(features, symbols.detach())

    def measure_rate(self, micro_batch: int) -> None:
        """Compute the local KL bound of a quantized micro-batch, unless that is done already.

        Raises:
            RunFailedError: it is not finite.
        """
        if micro_batch in self._rates:
            return
        pending = self._pending[micro_batch]
        features = pending.features
        rates = self._rate.measure(features.inputs.conditions, features.mean, features.spread, pending.grids)
        self._rates[micro_batch] = rates
        rate = rates.sum().item()
        if not math.isfinite(rate):
            raise RunFailedError(f"training diverged: features of step {self._model.steps} are not finite")
        self._epoch_nats += rate
        self._epoch_samples += len(features.inputs.ids)

    def apply_gradient(self, key: BlockKey, gradient: Float32) -> None:
        """Accumulate ∂C/∂φ_k of one micro-batch: the channel's (1, B, d) ∂CE/∂z̃, plus β_k ∂D*_k/∂φ_k.

        Raises:
            ProtocolError: this micro-batch does not wait for a gradient, or for one of another shape.
            RunFailedError: its rate was not measured before, and is not finite.
        """
        pending = self._pending.get(key.micro_batch)
        if pending is None or key.step != self._model.steps:
            raise ProtocolError(f"a gradient for {key}, which does not wait for one")
        if gradient.shape != (1, *pending.symbols.shape):
            raise ProtocolError(f"a gradient of shape {gradient.shape}: expected {(1, *pending.symbols.shape)}")
        self.measure_rate(key.micro_batch)
        rates = self._rates.pop(key.micro_batch)
        weights = self._rate.weights(key.step, pending.features.inputs.conditions, len(rates))
        torch.autograd.backward([pending.symbols, rates], [torch.tensor(gradient[0]), weights])
        del self._pending[key.micro_batch]

    def finish_step(self) -> None:
        """Take one Adam step on the gradients that the step's micro-batches accumulated."""
        self._optimiser.step(self._plan.learning_rate(self._model.steps))
        self._model.count_step()

    def prepare(self, step: int) -> None:
        """Make the inputs of a step's blocks before it is announced; does nothing after the last step."""
        self._inputs.prepare(step)

    def end_epoch(self) -> float:
        """The local KL bound in nats a sample, averaged over the blocks since the last call."""
        mean = self._epoch_nats / self._epoch_samples
        self._epoch_nats, self._epoch_samples = 0.0, 0
        return mean

    def training_part(self, data_digest: str) -> TrainingPart:
        """Copy what the steps to come depend on, between two steps."""
        sums = {"nats": self._epoch_nats, "samples": float(self._epoch_samples)}
        return TrainingPart.copy_of(
            self._model, self._optimiser.state, step=self._model.steps, data_digest=data_digest, sums=sums
        )

    def resume(self, part: TrainingPart, path: Path) -> None:
        """Go on training where a part was kept.

        Raises:
            CheckpointError: it is that of another network; the message names `path`.
        """
        part.load_weights(self._model, path)
        try:
            self._optimiser.load_state(part.optimiser)
            self._epoch_nats, self._epoch_samples = part.sums["nats"], int(part.sums["samples"])
        except (ValueError, KeyError) as error:
            raise CheckpointError(f"{path}: not a training part of this network: {error}") from None
        self._model.resume_at(part.step)

    def _symbols(self, features: TrainingFeatures) -> tuple[list[Grid], Tensor]:
        """The symbols, (B, d), and the codebook for each group of samples under one condition; none if T = 0."""
        codebook, inputs = self._model.codebook, features.inputs
        if codebook is None:
            return [], features.mean + features.spread * inputs.noise
        counts = inputs.conditions.counts
        grids = [Grid.of(codebook) for _ in counts]
        gamma = self._plan.gamma(self._plan.epoch(features.key.step))
        parts = [
            quantize(mu, theta, noise, grid, gamma=gamma, straight_through=self._straight_through)
            for mu, theta, noise, grid in zip(
                *split_groups(counts, features.mean, features.spread, inputs.noise), grids, strict=True
            )
        ]
        return grids, parts[0] if len(parts) == 1 else torch.cat(parts)

    def _block(self, features: TrainingFeatures, symbols: Tensor) -> SymbolBlock:
        codebook = self._model.codebook
        if codebook is None or not self._straight_through:
            return self._writer.reals(features.key, features.inputs.ids, symbols)
        # Straight-through symbols are levels already, so looking them up returns exactly their indices.
        with torch.no_grad():
            indices = torch.searchsorted(codebook.levels(), symbols)
        return self._writer.levels(features.key, features.inputs.ids, indices)
