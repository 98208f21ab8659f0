"""The table of a project's containers in `splitwave status`: state and resource usage."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from docker.errors import APIError

from splitwave.testbed.compose.containers import Part
from splitwave.testbed.compose.docker_api import docker_engine
from splitwave.testbed.compose.usage import Reading, cpu_percent, reading_from_statistics

COLUMNS = ("container", "state", "restarts", "CPU %", "CPU s", "MiB", "MB in", "MB out")


@dataclass(frozen=True, slots=True)
class ContainerLoad:
    """The current CPU use of a container, and its counters since its last start."""

    cpu_percent: float
    reading: Reading


def measure_loads(parts: list[Part]) -> list[ContainerLoad | None]:
    """Measure the load of each part over one second; None for parts that are not running."""
    if not parts:
        return []
    with ThreadPoolExecutor(len(parts)) as threads:
        return list(threads.map(_measure_one, parts))


def table_row(part: Part, load: ContainerLoad | None) -> tuple[str, ...]:
    """Return the cells of one container, in the order of `COLUMNS`."""
    return (part.name, _state(part), str(part.restarts), *_load_cells(load))


def _measure_one(part: Part) -> ContainerLoad | None:
    if not part.is_running:
        return None
    with docker_engine() as client:
        try:
            statistics = client.containers.get(part.id).stats(stream=False)
        except APIError:  # it has just ended
            return None
    assert isinstance(statistics, dict)
    reading = reading_from_statistics(statistics)
    return None if reading is None else ContainerLoad(cpu_percent(statistics), reading)


def _state(part: Part) -> str:
    if part.status in ("exited", "dead", "restarting"):
        return f"{part.status} ({part.exit_code})"
    words = [part.status]
    if part.status == "running" and part.health:
        words.append(part.health)
    if part.is_running and not part.networks:
        words.append("cut off")
    return ", ".join(words)


def _load_cells(load: ContainerLoad | None) -> tuple[str, ...]:
    if load is None:
        return ("–",) * 5
    reading = load.reading
    return (
        f"{load.cpu_percent:.0f}",
        f"{reading.cpu_ns / 1e9:.1f}",
        f"{reading.memory_bytes / 2**20:.0f}",
        f"{reading.network_rx_bytes / 1e6:.2f}",
        f"{reading.network_tx_bytes / 1e6:.2f}",
    )
