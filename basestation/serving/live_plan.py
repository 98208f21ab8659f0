"""The order of live queries: there is none, since devices choose when they submit which sample."""

import numpy as np

from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.arrays import Int64
from splitwave.common.protocol.phases import Phase
from splitwave.common.protocol.plan import RunPlan


class LivePlan(RunPlan):
    """A plan whose every block has one sample, which only its devices know."""

    def __init__(self, config: RunConfig) -> None:
        """Args: the settings of the model."""
        data = config.data.model_copy(update={"validation": 0})  # of one sample nothing can be held out
        super().__init__(config.model_copy(update={"data": data}), 1, 1)

    def block_ids(self, phase: Phase, step: int, number: int) -> Int64:  # noqa: ARG002
        """(1,) zero, whichever query it is."""
        return np.zeros(1, dtype=np.int64)
