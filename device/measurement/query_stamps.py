"""The time stamps of each query of a load pass: the device's own, and those that come with its answer."""

import numpy as np

from splitwave.common.protocol.arrays import Int64
from splitwave.common.protocol.blocks import BlockKey, SymbolBlock
from splitwave.common.protocol.messages import Gradient, Prediction
from splitwave.common.protocol.phases import Phase
from splitwave.common.protocol.reports import UplinkCost
from splitwave.common.protocol.workload import DIRECT_STAMPS, STAMPS
from splitwave.device.measurement.events import EncodingTimes
from splitwave.device.measurement.pass_timing import PassTiming

_COLUMNS = {name: column for column, name in enumerate(STAMPS)}


class QueryStamps(PassTiming):
    """Stamps queries in nanoseconds on the device's clock, which all processes of a machine share."""

    def __init__(self, queries: int) -> None:
        """Make room for the stamps of the queries of a workload."""
        self._queries = queries
        self._at_ns = np.zeros((queries, len(STAMPS)), dtype=np.int64)
        self._emulated = True

    def made(self, block: SymbolBlock, due_ns: int, times: EncodingTimes) -> None:
        self._note(block.key.micro_batch, due=due_ns, started=times.started_ns, encoded=times.encoded_ns)

    def packed(self, key: BlockKey, cost: UplinkCost, at_ns: int) -> None:  # noqa: ARG002
        self._note(key.micro_batch, packed=at_ns)

    def dropped(self, key: BlockKey, due_ns: int) -> None:
        self._note(key.micro_batch, due=due_ns)

    def sent(self, key: BlockKey, at_ns: int) -> None:
        if key.phase is Phase.LOAD and key.micro_batch < self._queries:  # not a late block of another pass
            self._note(key.micro_batch, sent=at_ns)

    def answered(self, answer: Gradient | Prediction, at_ns: int) -> None:
        if not isinstance(answer, Prediction) or answer.stamps is None:
            return
        query, stamps = answer.key.micro_batch, answer.stamps
        self._note(
            query,
            arrived=stamps.arrived_ns,
            fused=stamps.fused_ns,
            decoding=stamps.decoding_ns,
            decoded=stamps.decoded_ns,
            received=at_ns,
        )
        if (channel := stamps.channel) is None:
            self._emulated = False
            return
        self._note(
            query,
            channel_in=channel.in_ns,
            channel_out=channel.out_ns,
            channel_back=channel.back_ns,
            channel_down=channel.down_ns,
        )

    def table(self) -> tuple[tuple[str, ...], Int64]:
        """Names of stamps, and (queries, names) nanoseconds; those of the channel only if it stamped every query."""
        names = STAMPS if self._emulated else DIRECT_STAMPS
        return names, self._at_ns[:, [_COLUMNS[name] for name in names]]

    def _note(self, query: int, **at_ns: int) -> None:
        row = self._at_ns[query]
        for name, value in at_ns.items():
            row[_COLUMNS[name]] = value
