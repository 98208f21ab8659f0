"""The time that each single sample of a serving pass spends in each hop."""

import numpy as np

from splitwave.common.protocol.arrays import Int64
from splitwave.common.protocol.blocks import BlockKey, SymbolBlock
from splitwave.common.protocol.messages import Gradient, Prediction
from splitwave.common.protocol.reports import UplinkCost
from splitwave.common.records.results import DEVICE_LINK_HOP, ENCODE_HOP
from splitwave.device.measurement.events import EncodingTimes
from splitwave.device.measurement.pass_timing import PassTiming


class HopTimes(PassTiming):
    """Times the hops of blocks, one of which is under way at a time.

    Each other party measures its own hops, with its own clock, and sends the durations with the answer.
    """

    def __init__(self) -> None:
        """Begin without blocks."""
        self._encode_ns = 0
        self._packed_at_ns = 0
        self._hops: tuple[str, ...] = ()
        self._rows: list[list[int]] = []

    def made(self, block: SymbolBlock, due_ns: int, times: EncodingTimes) -> None:  # noqa: ARG002
        self._encode_ns = times.quantized_ns - times.started_ns

    def packed(self, key: BlockKey, cost: UplinkCost, at_ns: int) -> None:  # noqa: ARG002
        self._packed_at_ns = at_ns

    def answered(self, answer: Gradient | Prediction, at_ns: int) -> None:
        if isinstance(answer, Prediction):
            elsewhere = [hop.duration_ns for hop in answer.hops]
            self._hops = (ENCODE_HOP, DEVICE_LINK_HOP, *(hop.name for hop in answer.hops))
            self._rows.append([self._encode_ns, at_ns - self._packed_at_ns - sum(elsewhere), *elsewhere])

    def table(self) -> tuple[tuple[str, ...], Int64]:
        """Names of hops, and (blocks, hops) nanoseconds."""
        return self._hops, np.array(self._rows, dtype=np.int64).reshape(len(self._rows), len(self._hops))
