"""The samples of one link: which of them a block is made of, and what the device sees of them."""

import torch
from torch import Tensor

from splitwave.common.config.run_config import RunConfig
from splitwave.common.learning.placement import Placement
from splitwave.common.protocol.arrays import Int64
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.phases import Phase
from splitwave.common.protocol.plan import RunPlan
from splitwave.common.protocol.workload import Workload
from splitwave.device.learning.views import Views


class LinkSamples:
    """Looks up the samples of each block in the plan of the run, and their views.

    Attributes:
        plan: of the run; it knows the workload of the latest load pass.
    """

    def __init__(self, config: RunConfig, views: Views, placement: Placement) -> None:
        """Args: the run's settings, this link's views, and where its encoder computes."""
        train, test = torch.from_numpy(views.train), torch.from_numpy(views.test)
        self._views = {Phase.TRAIN: train, Phase.VALIDATION: train}
        self._views |= dict.fromkeys((Phase.TEST, Phase.SERVE, Phase.LOAD), test)
        self._placement = placement
        self.plan = RunPlan(config, len(train), len(test))

    def begin_workload(self, workload: Workload) -> None:
        """Plan the load passes to come for a workload."""
        self.plan = self.plan.with_workload(workload)

    def ids(self, key: BlockKey) -> Int64:
        """The ids of a block's samples, (B,)."""
        return self.plan.block_ids(key.phase, key.step, key.micro_batch)

    def view(self, phase: Phase, ids: Int64) -> Tensor:
        """The views of samples, (B, features) float32, on the encoder's device."""
        return self._placement.enter(self._views[phase].index_select(0, torch.from_numpy(ids)))
