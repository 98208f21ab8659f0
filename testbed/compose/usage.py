"""What a container uses, read from the engine's statistics (cgroup v1 and v2), and added up over its restarts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from splitwave.testbed.engine import Usage

Statistics = Mapping[str, Any]

# The page cache is the kernel's to take back: what `docker stats` leaves out, too. Named so by cgroup v1 and by v2.
_CACHE = ("total_inactive_file", "inactive_file")


@dataclass(frozen=True, slots=True)
class Reading:
    """One look at a container's counters; they begin at zero with each of its lives.

    Attributes:
        cpu_ns: processor time of all its processes.
        memory_bytes: in use, without the page cache.
        network_rx_bytes, network_tx_bytes: over all its network interfaces.
    """

    cpu_ns: int
    memory_bytes: int
    network_rx_bytes: int
    network_tx_bytes: int


def reading_from_statistics(statistics: Statistics) -> Reading | None:
    """The engine's answer; None for a container that does not run."""
    memory = statistics.get("memory_stats", {})
    if "usage" not in memory:
        return None
    cache = next((memory["stats"][name] for name in _CACHE if name in memory.get("stats", {})), 0)
    networks = (statistics.get("networks") or {}).values()
    return Reading(
        cpu_ns=statistics["cpu_stats"]["cpu_usage"]["total_usage"],
        memory_bytes=max(memory["usage"] - cache, 0),
        network_rx_bytes=sum(network["rx_bytes"] for network in networks),
        network_tx_bytes=sum(network["tx_bytes"] for network in networks),
    )


def cpu_percent(statistics: Statistics) -> float:
    """Share of one processor between the two looks that a full answer holds, in percent."""
    now, before = statistics["cpu_stats"], statistics["precpu_stats"]
    busy = now["cpu_usage"]["total_usage"] - before["cpu_usage"]["total_usage"]
    passed = now.get("system_cpu_usage", 0) - before.get("system_cpu_usage", 0)
    return 100.0 * now.get("online_cpus", 1) * busy / passed if passed > 0 else 0.0


class Meter:
    """Adds one container's readings up."""

    def __init__(self) -> None:
        self._last = Reading(0, 0, 0, 0)
        self._cpu_ns = self._rx_bytes = self._tx_bytes = self._peak_bytes = 0

    def add(self, reading: Reading) -> None:
        """Take a reading into account; a counter that fell began anew at zero."""
        last, self._last = self._last, reading
        self._cpu_ns += _gain(last.cpu_ns, reading.cpu_ns)
        self._rx_bytes += _gain(last.network_rx_bytes, reading.network_rx_bytes)
        self._tx_bytes += _gain(last.network_tx_bytes, reading.network_tx_bytes)
        self._peak_bytes = max(self._peak_bytes, reading.memory_bytes)

    def usage(self, part: str) -> Usage:
        """The sums so far."""
        return Usage(part, self._cpu_ns / 1e9, self._peak_bytes, self._rx_bytes, self._tx_bytes)


def _gain(before: int, now: int) -> int:
    return now - before if now >= before else now
