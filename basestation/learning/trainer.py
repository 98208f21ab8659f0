"""The base station's half of training: the decoder ψ, its loss, and the gradients for the devices."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from splitwave.basestation.fusion.fusion_buffer import FusedBlock
from splitwave.basestation.learning.dense_step import DenseStep
from splitwave.basestation.learning.objective import Objective
from splitwave.basestation.learning.shards import Shards
from splitwave.basestation.learning.shortcuts import Shortcuts
from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import CheckpointError, RunFailedError
from splitwave.common.learning.conditions import BlockConditions, RunConditions
from splitwave.common.learning.folding import FoldedNetwork
from splitwave.common.learning.initialisation import initialise_linear_layers
from splitwave.common.learning.optimiser import PartyOptimiser
from splitwave.common.learning.own_networks.factory import basestation_network
from splitwave.common.learning.own_networks.own_network import OwnNetwork
from splitwave.common.learning.placement import Placement
from splitwave.common.protocol.arrays import Float32
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.phases import Phase
from splitwave.common.protocol.plan import RunPlan
from splitwave.common.records.training_part import TrainingPart
from splitwave.common.tasks.task import Answers


@dataclass(frozen=True, slots=True)
class MicroBatchResult:
    """The outcome of one micro-batch.

    Attributes:
        gradients: by link ∂CE/∂ẑ_k, (L, B, d); zeros for a link that was not in the block, or erased.
        distortion, errors: sums over its noisy samples.
        count: L·B, how many these are.
    """

    gradients: Mapping[int, Float32]
    distortion: float
    errors: float
    count: int


@dataclass(frozen=True, slots=True)
class _ShardResult:
    """The same of b of the samples: the gradient of their symbols, (L, b, K·d), and those of all parameters."""

    gradient: Tensor
    weight_gradients: Callable[[], Sequence[Tensor]]
    distortion: float
    errors: float


class Trainer:
    """Trains and applies the decoder. Micro-batches accumulate until `finish_step`.

    Attributes:
        objective: the loss of its task, and the error of an answer.
        decoder: ψ.
        shards: the threads that share the samples of a training block, or the blocks of a pass.
    """

    def __init__(self, config: RunConfig, plan: RunPlan, train_labels: Tensor) -> None:
        """Args: the run's settings and plan; the training split's (N,) int64 classes, or float32 nanoseconds."""
        self._run_conditions = RunConditions(config)
        self._plan = plan
        self._labels = train_labels
        self.objective = Objective(config.task)
        self._placement = Placement(config.runtime)
        self.decoder = basestation_network(config).to(self._placement.device)
        initialise_linear_layers(self.decoder, config.seed, party=config.links)
        self._folded = FoldedNetwork(self.decoder)
        self._optimiser = PartyOptimiser(self.decoder, config.hypernetwork.gate_learning_rate)
        self.shards = Shards(config.runtime.decoder_shards, config.runtime.torch_threads)
        self._next_step = 0
        self._owed: list[Callable[[], Sequence[Tensor]]] = []
        self._shortcuts = Shortcuts.of(self.decoder, config, self._placement.device)

    @property
    def config(self) -> RunConfig:
        """The settings under which it decodes, see `use_config`."""
        return self._run_conditions.config

    def use_config(self, config: RunConfig) -> None:
        """Decode under other settings from here on, such as another PSNR or β, that leave the networks as they are."""
        self._run_conditions = RunConditions(config)

    def micro_batch(self, block: FusedBlock) -> MicroBatchResult:
        """Forward, distortion averaged over L draws and the step's B samples (eq. (18)), backward to the symbols.

        The decoder's own gradients are not complete yet: the next call or `finish_step` adds them up.

        Raises:
            RunFailedError: the loss is not finite.
        """
        conditions = self._conditions(block, self._plan)
        draws, samples, _ = block.symbols.shape
        ids = self._plan.block_ids(Phase.TRAIN, block.key.step, block.key.micro_batch)
        of_sample = conditions.weights / (draws * self._plan.batch_size(block.key.step))
        weights = torch.from_numpy(conditions.a_sample(of_sample))
        labels = self._labels[torch.from_numpy(ids)]

        def work(rows: slice) -> _ShardResult:
            shard = FusedBlock(block.key, block.symbols[:, rows], block.links)
            return self._shard(shard, labels[rows], weights[rows], conditions)

        self.settle()
        shards = self.shards.map(work, self.shards.bounds(samples))
        self._owed = [shard.weight_gradients for shard in shards]
        received = shards[0].gradient if len(shards) == 1 else torch.cat([each.gradient for each in shards], 1)
        parts = enumerate(received.chunk(self.config.links, dim=-1))
        used = set(block.used)
        gradients = {link: (part if link in used else torch.zeros_like(part)) for link, part in parts}
        return MicroBatchResult(
            {link: gradient.contiguous().numpy() for link, gradient in gradients.items()},
            sum(shard.distortion for shard in shards),
            sum(shard.errors for shard in shards),
            draws * samples,
        )

    def _shard(self, block: FusedBlock, labels: Tensor, weights: Tensor, conditions: BlockConditions) -> "_ShardResult":
        """Forward and backward of some of a block's samples."""
        draws = len(block.symbols)
        if draws > 1:
            labels, weights = labels.repeat(draws, *(1 for _ in labels.shape[1:])), weights.repeat(draws)
        step = DenseStep(self._shortcuts.dense) if self._shortcuts.dense else None
        if step:
            outputs = step.forward(block.symbols.flatten(0, 1)).requires_grad_()
            sources: list[Tensor] = [outputs]
        else:
            symbols = block.symbols.detach().requires_grad_()
            outputs = self._decode(symbols, block.key, conditions)
            sources = [symbols, *self._shortcuts.parameters]
        losses = self.objective.losses(outputs, labels)
        total = losses.detach().sum().item()
        if not math.isfinite(total):
            raise RunFailedError(f"training diverged: the loss of step {block.key.step} is {total}")
        errors = self.objective.errors(self.objective.answers(outputs.detach()), labels.numpy())
        gradient, *rest = torch.autograd.grad(losses, sources, weights)
        if step:
            gradient = step.backward(gradient).view_as(block.symbols)
        return _ShardResult(gradient, step.weight_gradients if step else lambda: rest, total, errors)

    def settle(self) -> None:
        """Add up the parameters' gradients of the last micro-batch, in the order of its shards."""
        owed, self._owed = self._owed, []
        for gradients in self.shards.map(lambda shard: shard(), owed):
            for parameter, gradient in zip(self._shortcuts.parameters, gradients, strict=True):
                parameter.grad = gradient if parameter.grad is None else parameter.grad.add_(gradient)

    def finish_step(self, step: int) -> None:
        """One Adam step on the gradients that the step's micro-batches accumulated."""
        self.settle()
        self._optimiser.step(self._plan.learning_rate(step))
        self._next_step = step + 1

    def training_part(self, step: int, data_digest: str) -> TrainingPart:
        """Copy what the steps to come depend on, between two steps."""
        return TrainingPart.copy_of(self.decoder, self._optimiser.state, step=step, data_digest=data_digest)

    def resume(self, part: TrainingPart, path: Path) -> None:
        """Go on training where a part was kept, which was read from `path`.

        Raises:
            CheckpointError: it is that of another network.
        """
        part.load_weights(self.decoder, path)
        try:
            self._optimiser.load_state(part.optimiser)
        except ValueError as error:
            raise CheckpointError(f"{path}: not a training part of this network: {error}") from None
        self._next_step = part.step

    def is_brief(self, blocks: Sequence[FusedBlock]) -> bool:
        """Whether decoding these evaluation blocks takes no longer than handing them to another thread."""
        return sum(block.symbols.shape[1] for block in blocks) <= self._shortcuts.brief_samples

    def predict(self, block: FusedBlock, plan: RunPlan | None = None) -> Answers:
        """(B,) answers to an evaluation block (L = 1); arguments and errors as for `outputs`."""
        return self.objective.answers(self.outputs(block, plan))

    @torch.no_grad()
    def outputs(self, block: FusedBlock, plan: RunPlan | None = None) -> Tensor:
        """The decoder's (B, outputs) for an evaluation block (L = 1), decoded under the β that it carries, if any.

        Args:
            block: all links' symbols.
            plan: which the block's pass follows, if not the run's.

        Raises:
            RunFailedError: the outputs are not finite.
        """
        conditions = self._conditions(block, plan or self._plan) if self.config.conditions else None
        outputs = self._decode(block.symbols, block.key, conditions)
        if not np.isfinite(outputs.numpy()).all():  # five operations of torch, for a single sample as many microseconds
            raise RunFailedError(f"the decoder's outputs for {block.key} are not finite")
        return outputs

    def _conditions(self, block: FusedBlock, plan: RunPlan) -> BlockConditions:
        return self._run_conditions.of(plan, block.key, block.betas)

    def _decode(self, symbols: Tensor, key: BlockKey, conditions: BlockConditions | None) -> Tensor:
        """Outputs, (L·B, …), of the (L, B, K·d) symbols of a block; plain networks take no conditions."""
        received = self._placement.enter(symbols.flatten(0, 1))
        training = key.phase is Phase.TRAIN
        if isinstance(self.decoder, OwnNetwork):
            self.decoder.use(training)
        with self._placement.precision(training):
            if not self.config.conditions or conditions is None:
                outputs = self.decoder(received)
            else:
                rows = conditions.rows(*range(self.config.links))
                if training:
                    outputs = self.decoder(
                        received, self._placement.enter(torch.from_numpy(rows).repeat(len(symbols), 1))
                    )
                else:
                    outputs = self._folded.under(rows, self._next_step)(received)
        return self._placement.leave(outputs)
