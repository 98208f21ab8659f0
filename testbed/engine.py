"""What an engine is: something that carries a run out and reports on it."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import Protocol

from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import ConfigError
from splitwave.common.records.results import EpochRecord, Evaluation, RunResult
from splitwave.common.spelling import did_you_mean, likely

ENTRY_POINT_GROUP = "splitwave.engines"
IN_THIS_PROCESS = "inprocess"
"""The engine that starts no processes."""
DOWNLOADS_ELSEWHERE = frozenset({"compose"})
"""Engines whose parties keep what they download in a place of their own, where this process cannot look."""


@dataclass(frozen=True, slots=True)
class Job:
    """A run to carry out.

    Attributes:
        data_dir: folder with the data sets, or None for each data set's own source.
        checkpoint_dir: where the parties write their parts, or, to restore, read them.
        restore: skip training and evaluate the checkpoint.
        log_dir: where processes write their logs.
        links_per_process: how many links each device process of the process engine hosts; results do not depend on it.
    """

    config: RunConfig
    data_dir: Path | None
    checkpoint_dir: Path
    restore: bool
    log_dir: Path
    links_per_process: int = 1


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a run is between epochs."""

    stage: str
    epoch: int
    epochs: int
    step: int
    steps: int


@dataclass(frozen=True, slots=True)
class Usage:
    """What one part of a testbed has used, from an engine that can tell.

    Attributes:
        part: its name, such as `device-1`.
        cpu_s: processor time of all its processes.
        memory_peak_bytes: the most it held at a time, without the page cache.
        network_rx_bytes, network_tx_bytes: received and sent, headers and retransmissions included.
    """

    part: str
    cpu_s: float
    memory_peak_bytes: int
    network_rx_bytes: int
    network_tx_bytes: int


@dataclass(frozen=True, slots=True)
class StartedOver:
    """The run lost one of its parts, and begins again from its last checkpoint."""

    reason: str


@dataclass(frozen=True, slots=True)
class Note:
    """A line for whoever watches."""

    text: str


Event = EpochRecord | Evaluation | Progress | Usage | StartedOver | Note
Observer = Callable[[Event], None]


class Engine(Protocol):
    """Carries a job out to the end, or raises a SplitwaveError and leaves nothing running."""

    def run(self, job: Job, observe: Observer) -> RunResult:
        """Run the job; `observe` sees each epoch, the progress in between and whatever else is to be told."""
        ...


def load_engine(name: str) -> Engine:
    """The engine registered under `name` in the entry-point group `splitwave.engines`.

    Raises:
        ConfigError: none is.
    """
    engines = {entry.name: entry for entry in entry_points(group=ENTRY_POINT_GROUP)}
    if name not in engines:
        meant = did_you_mean(likely(name, engines))
        raise ConfigError(f"--engine {name}: no such engine; these are installed: {', '.join(sorted(engines))}{meant}")
    engine: Engine = engines[name].load()()
    return engine
