"""All targets of the benchmarks, by the names of the readings."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """Whether a target was met; a miss is only reported and is no error."""

    PASS = "PASS"
    MISS = "MISS"


@dataclass(frozen=True, slots=True)
class AtMost:
    """A reading that must not exceed a bound."""

    bound: float

    def verdict(self, value: float) -> Verdict:
        """Compare a value with the bound; equality is a PASS."""
        return Verdict.PASS if value <= self.bound else Verdict.MISS

    def is_worse(self, value: float, other: float) -> bool:
        """Whether a value is worse than another one, wherever the bound is."""
        return value > other

    def __str__(self) -> str:
        return f"<= {self.bound:g}"


@dataclass(frozen=True, slots=True)
class AtLeast:
    """A reading that must reach a bound."""

    bound: float

    def verdict(self, value: float) -> Verdict:
        """Compare a value with the bound; equality is a PASS."""
        return Verdict.PASS if value >= self.bound else Verdict.MISS

    def is_worse(self, value: float, other: float) -> bool:
        """Whether a value is worse than another one, wherever the bound is."""
        return value < other

    def __str__(self) -> str:
        return f">= {self.bound:g}"


Target = AtMost | AtLeast

TARGETS: Mapping[str, Target] = {
    "training.b256.over_inprocess_2_threads": AtMost(1.15),
    "training.b1024.over_inprocess_2_threads": AtMost(1.0),
    "training.b256.process.same_weights": AtLeast(1),
    "training.b256.process_1_thread.same_weights": AtLeast(1),
    "training.b1024.process.same_weights": AtLeast(1),
    "training.b1024.process_1_thread.same_weights": AtLeast(1),
    "latency.single_stream.p50_over_echo": AtMost(1.5),
    "latency.single_stream.p99_over_p50": AtMost(3.0),
    "latency.multi_stream.p50_over_fastest_echo": AtMost(1.5),  # relative to the faster echo of each round
    "latency.multi_stream.p99_over_p50": AtMost(3.0),
    "throughput.offline.over_inprocess": AtLeast(0.7),
    "channel.one_stream.over_philox": AtLeast(0.4),
    "channel.eight_streams.over_one": AtLeast(0.95),  # no loss beyond the variation between repetitions
    "models.trace.over_awgn": AtLeast(0.9),
    "wire.block_256.bytes_over_packed": AtMost(1.05),
    "wire.single_sample.overhead": AtMost(64),
    "scale.k32.cpu_over_k4": AtMost(1.3),
    "scale.k32.wall_over_k4": AtMost(1.3),
    "peers.b64.over_pickle_tcp": AtMost(1.0),
    "peers.b256.over_pickle_tcp": AtMost(1.0),
    "peers.b1024.over_pickle_tcp": AtMost(1.0),
    "peers.b64.over_torch_rpc": AtMost(0.5),
    "peers.b256.over_torch_rpc": AtMost(0.5),
    "peers.b1024.over_torch_rpc": AtMost(0.5),
    "peers.b64.over_ray": AtMost(0.5),
    "peers.b256.over_ray": AtMost(0.5),
    "peers.b1024.over_ray": AtMost(0.5),
    "peers.b256.shards_over_one_process": AtMost(1.15),
    "peers.b1024.shards_over_one_process": AtMost(1.0),
    "peers.b64.one_process_over_torch": AtMost(1.1),
    "peers.single.p50_over_pickle_tcp": AtMost(0.9),
    "peers.single.p50_over_echo": AtMost(2.0),
}


def target_of(name: str) -> Target | None:
    """Return the target of a reading; None if it has no target."""
    return TARGETS.get(name)
