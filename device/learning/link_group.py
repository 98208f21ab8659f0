"""The links of one process, whose blocks of a pass are encoded together.

Shapes: n links, B samples, f features of a view, d symbols a sample, T breakpoints.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from splitwave.common.protocol.arrays import Int64
from splitwave.common.protocol.blocks import BlockKey, SymbolBlock
from splitwave.common.protocol.phases import Phase, Symbols
from splitwave.device.encoding.stacked_network import Layers, StackedNetwork, stackable
from splitwave.device.learning.pass_encoder import PassFeatures
from splitwave.device.learning.views import StackedViews
from splitwave.device.learning.worker import DeviceWorker, Features
from splitwave.device.quantization.quantizer import level_indices


@dataclass(frozen=True, slots=True)
class _Stack:
    """The networks of some of the links after `step` training steps, and their breakpoints, (n, T), unless T = 0."""

    members: tuple[int, ...]
    step: int
    network: StackedNetwork
    breakpoints: Tensor | None


@dataclass(frozen=True, slots=True)
class SeparateFeatures:
    """The features of several links' blocks, each link encoded by itself."""

    workers: list[DeviceWorker]
    each: list[Features]


@dataclass(frozen=True, slots=True)
class StackedFeatures:
    """The features of several links' blocks in one array.

    Attributes:
        workers: of these links.
        each: the features of each link, which share memory with `means`.
        means: (n, B, d) float32.
        breakpoints: (n, T); None if T = 0.
    """

    workers: list[DeviceWorker]
    each: list[PassFeatures]
    means: Tensor
    breakpoints: Tensor | None


class LinkGroup:
    """Makes the blocks of several links of one run; the links of a pass are vectorised.

    Blocks of a pass are bit for bit those of `DeviceWorker.pass_block`. Links are encoded one after the other where
    vectorising would change bits or is not possible: in training, where each link has a graph of its own; for soft
    symbols, whose products round differently in a batch; for networks that are not a chain of fully connected layers
    (`csi`, `conv`), that differ in size, that are conditioned, or that compute on a GPU; and for workers that are a
    step apart.
    """

    def __init__(self, workers: Sequence[DeviceWorker], views: StackedViews | None = None) -> None:
        """Args: the workers, and their views, in the same order, if those are one array."""
        self._workers = list(workers)
        config = workers[0].config
        layers = [worker.model.encoder.mean_layers for worker in workers]
        self._vectorised = (
            all(worker.config == config for worker in workers)
            and not config.conditions
            and config.runtime.torch_device == "cpu"
            and all(map(stackable, layers))
            and len({_sizes(each) for each in layers}) == 1
        )
        self._views: dict[Phase, Tensor] = {}
        if views is not None:
            train, test = torch.from_numpy(views.train), torch.from_numpy(views.test)
            self._views = {Phase.VALIDATION: train, Phase.TEST: test, Phase.SERVE: test, Phase.LOAD: test}
        self._stack: _Stack | None = None
        for worker in workers:
            worker.model.register_load_state_dict_post_hook(self._forget)  # type: ignore[no-untyped-call]

    def pass_blocks(self, members: Sequence[int], key: BlockKey, symbols: Symbols) -> list[SymbolBlock]:
        """Encode and quantize one block of a pass for each of these workers, given by their places in the group."""
        return self.quantize(self.features(members, key), symbols)

    def features(self, members: Sequence[int], key: BlockKey) -> SeparateFeatures | StackedFeatures:
        """Encode one block of a training step or of a pass for each of these workers."""
        workers = [self._workers[member] for member in members]
        if len(workers) > 1 and self._can_be_stacked(workers, key):
            return self._stacked_features(tuple(members), workers, key)
        return SeparateFeatures(workers, [worker.features(key) for worker in workers])

    def quantize(self, features: SeparateFeatures | StackedFeatures, symbols: Symbols) -> list[SymbolBlock]:
        """Quantize these features: of a pass to these symbols, of a training step as the settings say.

        Raises:
            RunFailedError: a feature of a training block is not finite.
        """
        if isinstance(features, StackedFeatures) and features.breakpoints is not None and symbols is Symbols.HARD:
            return self._stacked_levels(features, features.breakpoints)
        return [worker.quantize(each, symbols) for worker, each in zip(features.workers, features.each, strict=True)]

    def _can_be_stacked(self, workers: Sequence[DeviceWorker], key: BlockKey) -> bool:
        first = workers[0]
        return (
            self._vectorised
            and key.phase is not Phase.TRAIN
            and all(worker.next_step == first.next_step for worker in workers)
            and (key.phase is not Phase.LOAD or all(worker.plan.workload == first.plan.workload for worker in workers))
        )

    @torch.no_grad()
    def _stacked_features(
        self, members: tuple[int, ...], workers: list[DeviceWorker], key: BlockKey
    ) -> StackedFeatures:
        ids = workers[0].plan.block_ids(key.phase, key.step, key.micro_batch)
        stack = self._stacked(members, workers)
        means = stack.network(self._inputs(workers, key.phase, ids))
        each = [
            PassFeatures(key, ids, mean, None, worker.setting_of(key))
            for mean, worker in zip(means, workers, strict=True)
        ]
        return StackedFeatures(workers, each, means, stack.breakpoints)

    @torch.no_grad()
    def _stacked_levels(self, features: StackedFeatures, breakpoints: Tensor) -> list[SymbolBlock]:
        indices = level_indices(features.means, breakpoints)
        parts = zip(features.workers, features.each, indices, strict=True)
        return [worker.levels_block(each, part) for worker, each, part in parts]

    def _inputs(self, workers: Sequence[DeviceWorker], phase: Phase, ids: Int64) -> Tensor:
        """(n, B, f)."""
        if workers == self._workers and phase in self._views:
            return self._views[phase].index_select(1, torch.from_numpy(ids))
        return torch.stack([worker.view(phase, ids) for worker in workers])

    def _stacked(self, members: tuple[int, ...], workers: Sequence[DeviceWorker]) -> _Stack:
        step = workers[0].next_step
        if self._stack is None or (self._stack.members, self._stack.step) != (members, step):
            codebooks = [worker.model.codebook for worker in workers]
            breakpoints = [codebook.breakpoints() for codebook in codebooks if codebook is not None]
            network = StackedNetwork([worker.model.encoder.mean_layers for worker in workers])
            self._stack = _Stack(members, step, network, torch.stack(breakpoints) if breakpoints else None)
        return self._stack

    def _forget(self, *_: object) -> None:
        """Forget the stack, whose key is the step: other weights were loaded, and the step is the same."""
        self._stack = None


def _sizes(layers: Layers) -> tuple[torch.Size, ...]:
    return tuple(weights.shape for layer in layers for weights in layer.parameters())
