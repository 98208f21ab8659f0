"""The times at which queries and their answers pass the emulator, which are added to the answers."""

import time

from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.wire.fields import key_from_proto
from splitwave.common.wire.pb import uplink_pb2 as pb


class QueryTimes:
    """The queries of one port under way; an `emulate` hop covers what the emulator computes, and what it waits for."""

    def __init__(self) -> None:
        self._in_ns: dict[BlockKey, int] = {}
        self._passed: dict[BlockKey, tuple[int, int]] = {}

    def arrived(self, key: BlockKey, in_ns: int) -> None:
        """Note the arrival of a block; only those of queries are timed."""
        if key.phase.is_of_queries:
            self._in_ns[key] = in_ns

    def left(self, key: BlockKey) -> None:
        """Note that a block leaves for the base station now."""
        if (in_ns := self._in_ns.pop(key, None)) is not None:
            self._passed[key] = (in_ns, time.perf_counter_ns())

    def clear(self) -> None:
        """Forget all: the run starts over."""
        self._in_ns.clear()
        self._passed.clear()

    def add_to(self, prediction: pb.Prediction, back_ns: int) -> None:
        """Add the times at which a query and its answer passed the emulator, if it has passed."""
        passed = self._passed.pop(key_from_proto(prediction.key), None)
        if passed is None:
            return
        in_ns, out_ns = passed
        if prediction.HasField("stamps"):
            of = prediction.stamps.channel
            of.in_ns, of.out_ns, of.back_ns, of.down_ns = in_ns, out_ns, back_ns, time.perf_counter_ns()
        else:
            beyond_ns = sum(hop.duration_ns for hop in prediction.hops)
            hops = [
                pb.Hop(name="emulate", duration_ns=out_ns - in_ns),
                pb.Hop(name="backhaul", duration_ns=max(0, back_ns - out_ns - beyond_ns)),
                *prediction.hops,
            ]
            del prediction.hops[:]
            prediction.hops.extend(hops)
