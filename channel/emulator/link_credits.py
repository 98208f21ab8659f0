"""The number of blocks that a link may have unanswered, and their size, as far as an emulator has heard."""

from splitwave.common.errors import ProtocolError
from splitwave.common.limits import MAX_UNANSWERED_QUERIES
from splitwave.common.protocol.blocks import SymbolBlock
from splitwave.common.protocol.phases import Phase
from splitwave.common.protocol.workload import Workload


class LinkCredits:
    """The credits of one link; the base station counts those that reach it, and blocks that wait here do not.

    A run's link has `runtime.credits`, and in a load pass those of its workload. A live device has
    `MAX_UNANSWERED_QUERIES`, of one sample each.
    """

    def __init__(self, run_credits: int, *, is_live: bool = False) -> None:
        """Args: `runtime.credits` of the settings; whether the device is a live one."""
        self._run_credits = run_credits
        self._is_live = is_live
        self._workload: Workload | None = None

    def begin_load(self, workload: Workload) -> None:
        """A load pass begins."""
        self._workload = workload

    def of(self, block: SymbolBlock) -> int:
        """How many blocks the link may have unanswered, this one included.

        Raises:
            ProtocolError: the block has more samples than those that the credits are for.
        """
        if self._is_live:
            _check_samples(block, 1)
            return MAX_UNANSWERED_QUERIES
        if block.key.phase is Phase.LOAD and self._workload is not None:
            _check_samples(block, self._workload.samples)
            return self._workload.credits
        return self._run_credits


def _check_samples(block: SymbolBlock, most: int) -> None:
    if len(block.sample_ids) > most:
        raise ProtocolError(f"{block.key} has {len(block.sample_ids)} samples: expected at most {most}")
