"""Reads a container's resource usage from the engine's statistics (cgroup v1 and v2), and sums it over restarts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from splitwave.testbed.engine import Usage

Statistics = Mapping[str, Any]

# The page cache, which the kernel can reclaim and `docker stats` leaves out, too; the names of cgroup v1 and v2.
_CACHE = ("total_inactive_file", "inactive_file")


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading of a container's counters, which restart from zero with each start of the container.

    Attributes:
        cpu_ns: processor time of all processes.
        memory_bytes: memory in use, without the page cache.
        network_rx_bytes, network_tx_bytes: bytes received and sent over all network interfaces.
    """

    cpu_ns: int
    memory_bytes: int
    network_rx_bytes: int
    network_tx_bytes: int


def reading_from_statistics(statistics: Statistics) -> Reading | None:
    """Convert the engine's statistics to a reading; None for a container that does not run."""
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
    """Return the use of processors between the two readings in the statistics, in percent of one processor."""
    now, before = statistics["cpu_stats"], statistics["precpu_stats"]
    busy = now["cpu_usage"]["total_usage"] - before["cpu_usage"]["total_usage"]
    passed = now.get("system_cpu_usage", 0) - before.get("system_cpu_usage", 0)
    return 100.0 * now.get("online_cpus", 1) * busy / passed if passed > 0 else 0.0


class Meter:
    """Sums the readings of one container over its restarts."""

    def __init__(self) -> None:
        self._last = Reading(0, 0, 0, 0)
        self._cpu_ns = self._rx_bytes = self._tx_bytes = self._peak_bytes = 0

    def add(self, reading: Reading) -> None:
        """Add a reading; a counter that decreased was reset to zero by a restart."""
        last, self._last = self._last, reading
        self._cpu_ns += _gain(last.cpu_ns, reading.cpu_ns)
        self._rx_bytes += _gain(last.network_rx_bytes, reading.network_rx_bytes)
        self._tx_bytes += _gain(last.network_tx_bytes, reading.network_tx_bytes)
        self._peak_bytes = max(self._peak_bytes, reading.memory_bytes)

    def usage(self, part: str) -> Usage:
        """Return the totals so far."""
        return Usage(part, self._cpu_ns / 1e9, self._peak_bytes, self._rx_bytes, self._tx_bytes)


def _gain(before: int, now: int) -> int:
    return now - before if now >= before else now
