"""The links that one process hosts, encoding their blocks of a pass together.

Shapes: n links, B samples, f features of a view, d symbols a sample, T breakpoints.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from splitwave.common.protocol.arrays import Int64
from splitwave.common.protocol.blocks import BlockKey, SymbolBlock
from splitwave.common.protocol.phases import Phase, Symbols
from splitwave.device.encoding.stacked_network import StackedNetwork, stackable
from splitwave.device.learning.views import StackedViews
from splitwave.device.learning.worker import DeviceWorker, Features
from splitwave.device.quantization.quantizer import level_indices


@dataclass(frozen=True, slots=True)
class _Stack:
    """Weights and breakpoints, (n, T) or None, of some of the links after so many steps."""

    members: tuple[int, ...]
    step: int
    network: StackedNetwork
    breakpoints: Tensor | None


@dataclass(frozen=True, slots=True)
class GroupFeatures:
    """Those of several links.

    Attributes:
        workers: of these links.
        each: their features.
        means: (n, B, d) of all, and breakpoints, (n, T), where they can be quantized together; else None.
    """

    workers: list[DeviceWorker]
    each: list[Features]
    means: Tensor | None = None
    breakpoints: Tensor | None = None


class LinkGroup:
    """Workers of one run, whose passes are encoded with work vectorised over the links.

    Blocks are bit for bit those of `DeviceWorker.pass_block`. Link by link go those of networks that are not a chain of
    fully connected layers (`csi`, `conv`), that are told conditions or compute on a GPU, and of workers that are a step
    apart; so do soft symbols, whose products round otherwise in a batch, and training, where each link has a graph of
    its own.
    """

    def __init__(self, workers: Sequence[DeviceWorker], views: StackedViews | None = None) -> None:
        """Args: the workers, and what they see, in the same order, if that is one array."""
        self._workers = list(workers)
        config = workers[0].config
        layers = [worker.model.encoder.mean_layers for worker in workers]
        self._vectorised = (
            all(worker.config == config for worker in workers)
            and not config.conditions
            and config.runtime.torch_device == "cpu"
            and all(map(stackable, layers))
        )
        self._views: dict[Phase, Tensor] = {}
        if views is not None:
            train, test = torch.from_numpy(views.train), torch.from_numpy(views.test)
            self._views = {Phase.VALIDATION: train, Phase.TEST: test, Phase.SERVE: test, Phase.LOAD: test}
        self._stack: _Stack | None = None
        for worker in workers:
            worker.model.register_load_state_dict_post_hook(self._forget)  # type: ignore[no-untyped-call]

    def pass_blocks(self, members: Sequence[int], key: BlockKey, symbols: Symbols) -> list[SymbolBlock]:
        """A block of a pass of each of these workers, given by their places in the group."""
        return self.quantize(self.features(members, key), symbols)

    @torch.no_grad()
    def features(self, members: Sequence[int], key: BlockKey) -> GroupFeatures:
        """The first half of `pass_blocks`: through the networks."""
        workers = [self._workers[member] for member in members]
        if not self._together(workers, key):
            return GroupFeatures(workers, [worker.features(key) for worker in workers])
        ids = workers[0].plan.block_ids(key.phase, key.step, key.micro_batch)
        stack = self._stacked(tuple(members))
        means = stack.network(self._inputs(workers, key.phase, ids))
        return GroupFeatures(workers, [Features(key, ids, mean, None) for mean in means], means, stack.breakpoints)

    @torch.no_grad()
    def quantize(self, features: GroupFeatures, symbols: Symbols) -> list[SymbolBlock]:
        """The second half: their symbols, hard or soft."""
        pairs = zip(features.workers, features.each, strict=True)
        if features.means is None or features.breakpoints is None or symbols is Symbols.SOFT:
            return [worker.quantize(each, symbols) for worker, each in pairs]
        indices = level_indices(features.means, features.breakpoints)
        return [worker.levels_block(each, part) for (worker, each), part in zip(pairs, indices, strict=True)]

    def _together(self, workers: Sequence[DeviceWorker], key: BlockKey) -> bool:
        first = workers[0]
        return (
            self._vectorised
            and len(workers) > 1
            and all(worker.next_step == first.next_step for worker in workers)
            and (key.phase is not Phase.LOAD or all(worker.plan.workload == first.plan.workload for worker in workers))
        )

    def _inputs(self, workers: Sequence[DeviceWorker], phase: Phase, ids: Int64) -> Tensor:
        """(n, B, f)."""
        if workers == self._workers and phase in self._views:
            return self._views[phase].index_select(1, torch.from_numpy(ids))
        return torch.stack([worker.view(phase, ids) for worker in workers])

    def _stacked(self, members: tuple[int, ...]) -> _Stack:
        workers = [self._workers[member] for member in members]
        step = workers[0].next_step
        if self._stack is None or (self._stack.members, self._stack.step) != (members, step):
            codebooks = [worker.model.codebook for worker in workers]
            breakpoints = [codebook.breakpoints() for codebook in codebooks if codebook is not None]
            network = StackedNetwork([worker.model.encoder.mean_layers for worker in workers])
            self._stack = _Stack(members, step, network, torch.stack(breakpoints) if breakpoints else None)
        return self._stack

    def _forget(self, *_: object) -> None:
        """Weights that were loaded are of the step of those that were there."""
        self._stack = None
