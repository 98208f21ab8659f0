"""When each query of a load pass was where: a device's own time stamps, and those that come with its answers."""

import numpy as np

from splitwave.common.protocol.arrays import Int64
from splitwave.common.protocol.timing import Stamps
from splitwave.common.protocol.workload import DIRECT_STAMPS, STAMPS

_COLUMNS = {name: column for column, name in enumerate(STAMPS)}


class QueryStamps:
    """One row a query, in nanoseconds on the device's clock, which all processes of a machine share."""

    def __init__(self, queries: int) -> None:
        """Args: how many."""
        self._at_ns = np.zeros((queries, len(STAMPS)), dtype=np.int64)
        self._emulated = True

    def note(self, query: int, **at_ns: int) -> None:
        """Stamps of a query, by name."""
        row = self._at_ns[query]
        for name, value in at_ns.items():
            row[_COLUMNS[name]] = value

    def answered(self, query: int, stamps: Stamps, heard_ns: int) -> None:
        """The answer is here, and with it the others' stamps."""
        self.note(
            query,
            arrived=stamps.arrived_ns,
            fused=stamps.fused_ns,
            decoding=stamps.decoding_ns,
            decoded=stamps.decoded_ns,
            received=heard_ns,
        )
        if (channel := stamps.channel) is None:
            self._emulated = False
            return
        self.note(
            query,
            channel_in=channel.in_ns,
            channel_out=channel.out_ns,
            channel_back=channel.back_ns,
            channel_down=channel.down_ns,
        )

    def table(self) -> tuple[tuple[str, ...], Int64]:
        """Names, and (queries, names) nanoseconds; the channel's only if it stamped every query."""
        names = STAMPS if self._emulated else DIRECT_STAMPS
        return names, self._at_ns[:, [_COLUMNS[name] for name in names]]
