"""The links that one process hosts, encoding their blocks of a pass together.

Shapes: n links, B samples, f features of a view, d symbols a sample, T breakpoints.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from common.messages import BlockKey, Int64, Phase, SymbolBlock, Symbols
from device.quantizer import level_indices
from device.stacked_network import StackedNetwork, stackable
from device.views import StackedViews
from device.worker import DeviceWorker


@dataclass(frozen=True, slots=True)
class _Stack:
    """Weights and breakpoints, (n, T) or None, of some of the links after so many steps."""

    members: tuple[int, ...]
    step: int
    network: StackedNetwork
    breakpoints: Tensor | None


class LinkGroup:
    """Workers of one run with equal settings, whose passes are encoded with work vectorised over the links.

    Blocks are bit for bit those of `DeviceWorker.pass_block`. Link by link go those of networks that are not a chain of
    fully connected layers (`csi`, `conv`), that are told conditions or compute on a GPU, and of workers that are a step
    apart; so does training, where each link has a graph of its own.
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
            self._views = {Phase.VALIDATION: train, Phase.TEST: test, Phase.SERVE: test}
        self._stack: _Stack | None = None
        for worker in workers:
            worker.model.register_load_state_dict_post_hook(self._forget)  # type: ignore[no-untyped-call]

    @torch.no_grad()
    def pass_blocks(
        self, members: Sequence[int], phase: Phase, step: int, number: int, symbols: Symbols
    ) -> list[SymbolBlock]:
        """The next block of a pass of each of these workers, given by their places in the group."""
        workers = [self._workers[member] for member in members]
        if not self._vectorised or len(members) == 1 or len({worker.next_step for worker in workers}) > 1:
            return [worker.pass_block(phase, step, number, symbols) for worker in workers]
        key = BlockKey(phase, step, number)
        ids = workers[0].plan.block_ids(phase, step, number)
        stack = self._stacked(tuple(members))
        means = stack.network(self._inputs(workers, phase, ids))
        if stack.breakpoints is None or symbols is Symbols.SOFT:
            reals = means if stack.breakpoints is None else _soften(workers, means)
            return [worker.reals_block(key, ids, part) for worker, part in zip(workers, reals, strict=True)]
        indices = level_indices(means, stack.breakpoints)
        return [worker.levels_block(key, ids, part) for worker, part in zip(workers, indices, strict=True)]

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


def _soften(workers: Sequence[DeviceWorker], means: Tensor) -> list[Tensor]:
    """Link by link: a batch of products with the weights rounds otherwise, and nobody waits for soft symbols."""
    return [worker.soft_symbols(mean) for worker, mean in zip(workers, means, strict=True)]
