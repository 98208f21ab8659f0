"""The base station's half of training: the decoder ψ, its loss, and the gradients for the devices."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from splitwave.basestation.fusion.fusion_buffer import FusedBlock
from splitwave.basestation.learning.decoder import Decoder, make_decoder
from splitwave.basestation.learning.dense_step import DenseStep
from splitwave.basestation.learning.objective import objective_of
from splitwave.basestation.learning.shards import Shards
from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import RunFailedError
from splitwave.common.learning.conditions import BlockConditions, block_conditions
from splitwave.common.learning.folding import FoldedNetwork
from splitwave.common.learning.initialisation import initialise_linear_layers
from splitwave.common.learning.optimiser import PartyOptimiser
from splitwave.common.learning.placement import Placement
from splitwave.common.protocol.arrays import Float32
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.messages import Answered
from splitwave.common.protocol.phases import Phase
from splitwave.common.protocol.plan import RunPlan

BRIEF_MULTIPLICATIONS = 1 << 20
"""Of a decoder with fully connected layers: about a tenth of a millisecond, as a hand-over to a thread and back."""


@dataclass(frozen=True, slots=True)
class MicroBatchResult:
    """What one micro-batch gave: ∂CE/∂ẑ_k, (L, B, d) a link; and sums over its L·B noisy samples."""

    gradients: list[Float32]
    distortion: float
    errors: float
    count: int


@dataclass(frozen=True, slots=True)
class _ShardResult:
    """Of some samples: the gradient of the symbols, (L, b, K·d), those of all parameters, and sums over them."""

    gradient: Tensor
    weight_gradients: Callable[[], Sequence[Tensor]]
    distortion: float
    errors: float


class Trainer:
    """Trains and applies the decoder. Micro-batches accumulate until `finish_step`.

    Attributes:
        config: the run's settings.
        objective: what answers are held to.
        decoder: ψ.
        shards: the threads that work on the samples of a training block, or on the blocks of a pass.
    """

    def __init__(self, config: RunConfig, plan: RunPlan, train_labels: Tensor) -> None:
        """Args: the run's settings and plan; the training split's (N,) int64 classes, or float32 nanoseconds."""
        self.config = config
        self._links = config.links
        self._plan = plan
        self._labels = train_labels
        self.objective = objective_of(config.task)
        self._placement = Placement(config.runtime)
        self.decoder = make_decoder(config).to(self._placement.device)
        initialise_linear_layers(self.decoder, config.seed, party=config.links)
        self._folded = FoldedNetwork(self.decoder)
        self._optimiser = PartyOptimiser(self.decoder, config.hypernetwork.gate_learning_rate)
        self.shards = Shards(config.runtime.decoder_shards, config.runtime.torch_threads)
        self._next_step = 0
        self._owed: list[Callable[[], Sequence[Tensor]]] = []
        dense = isinstance(self.decoder, Decoder) and self._placement.device.type == "cpu"
        parameters = sum(weights.numel() for weights in self.decoder.parameters())
        self._brief_samples = BRIEF_MULTIPLICATIONS // parameters if dense else 0
        plain = dense and not config.conditions and not config.runtime.bf16
        self._dense = [layer for layer in self.decoder.modules() if isinstance(layer, nn.Linear)] if plain else []

    def micro_batch(self, block: FusedBlock) -> MicroBatchResult:
        """Forward, distortion averaged over L draws and the step's B samples (eq. (18)), backward to the symbols.

        What that leaves to do for the decoder's own gradients is done by the next call, or by `finish_step`.

        Raises:
            RunFailedError: the loss is not finite.
        """
        conditions = self._conditions(block)
        draws, samples, _ = block.symbols.shape
        ids = self._plan.block_ids(Phase.TRAIN, block.key.step, block.key.micro_batch)
        of_sample = conditions.weights / (draws * self._plan.batch_size(block.key.step))
        weights = torch.from_numpy(conditions.a_sample(of_sample))
        labels = self._labels[torch.from_numpy(ids)]

        def work(rows: slice) -> _ShardResult:
            shard = FusedBlock(block.key, block.symbols[:, rows])
            return self._shard(shard, labels[rows], weights[rows], conditions)

        self.settle()
        shards = self.shards.map(work, self.shards.bounds(samples))
        self._owed = [shard.weight_gradients for shard in shards]
        received = shards[0].gradient if len(shards) == 1 else torch.cat([each.gradient for each in shards], 1)
        gradients = [part.contiguous().numpy() for part in received.chunk(self._links, dim=-1)]
        distortion = sum(shard.distortion for shard in shards)
        return MicroBatchResult(gradients, distortion, sum(shard.errors for shard in shards), draws * samples)

    def _shard(self, block: FusedBlock, labels: Tensor, weights: Tensor, conditions: BlockConditions) -> "_ShardResult":
        """What some of a block's samples give."""
        draws, labels = len(block.symbols), labels.repeat(len(block.symbols))
        step = DenseStep(self._dense) if self._dense else None
        if step:
            outputs = step.forward(block.symbols.flatten(0, 1)).requires_grad_()
            sources: list[Tensor] = [outputs]
        else:
            symbols = block.symbols.detach().requires_grad_()
            outputs = self._decode(symbols, block.key, conditions)
            sources = [symbols, *self.decoder.parameters()]
        losses = self.objective.losses(outputs, labels)
        total = losses.detach().sum()
        if not torch.isfinite(total):
            raise RunFailedError(f"training diverged: the loss of step {block.key.step} is {total.item()}")
        errors = self.objective.errors(self.objective.answers(outputs.detach()), labels.numpy())
        gradient, *rest = torch.autograd.grad(losses, sources, weights.repeat(draws))
        if step:
            gradient = step.backward(gradient).view_as(block.symbols)
        return _ShardResult(gradient, step.weight_gradients if step else lambda: rest, total.item(), errors)

    def settle(self) -> None:
        """Add up the gradients that the last micro-batch owes the parameters, in the order of its shards."""
        owed, self._owed = self._owed, []
        for gradients in self.shards.map(lambda shard: shard(), owed):
            for parameter, gradient in zip(self.decoder.parameters(), gradients, strict=True):
                parameter.grad = gradient if parameter.grad is None else parameter.grad.add_(gradient)

    def finish_step(self, step: int) -> None:
        """One Adam step on what the step's micro-batches accumulated."""
        self.settle()
        self._optimiser.step(self._plan.learning_rate(step))
        self._next_step = step + 1

    def is_brief(self, blocks: Sequence[FusedBlock]) -> bool:
        """Whether decoding these evaluation blocks takes no longer than handing them to another thread."""
        return sum(block.symbols.shape[1] for block in blocks) <= self._brief_samples

    @torch.no_grad()
    def predict(self, block: FusedBlock) -> Answered:
        """(B,) answers to an evaluation block (L = 1), decoded under the β that it carries, if any.

        Raises:
            RunFailedError: the decoder's outputs are not finite.
        """
        conditions = self._conditions(block) if self.config.conditions else None
        outputs = self._decode(block.symbols, block.key, conditions)
        if not torch.isfinite(outputs).all():
            raise RunFailedError(f"the decoder's outputs for {block.key} are not finite")
        return self.objective.answers(outputs)

    def _conditions(self, block: FusedBlock) -> BlockConditions:
        return block_conditions(self.config, self._plan, block.key, block.betas)

    def _decode(self, symbols: Tensor, key: BlockKey, conditions: BlockConditions | None) -> Tensor:
        """Outputs, (L·B, …), of the (L, B, K·d) symbols of a block; plain networks take no conditions."""
        received = self._placement.enter(symbols.flatten(0, 1))
        training = key.phase is Phase.TRAIN
        with self._placement.precision(training):
            if not self.config.conditions or conditions is None:
                outputs = self.decoder(received)
            else:
                rows = conditions.rows(*range(self._links))
                if training:
                    outputs = self.decoder(
                        received, self._placement.enter(torch.from_numpy(rows).repeat(len(symbols), 1))
                    )
                else:
                    outputs = self._folded.under(rows, self._next_step)(received)
        return self._placement.leave(outputs)
