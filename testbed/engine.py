"""The interface of an engine, which carries out a run and reports its events."""

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from pathlib import Path
from typing import Protocol

from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import ConfigError
from splitwave.common.records.results import EpochRecord, Evaluation, RunResult
from splitwave.common.spelling import did_you_mean, likely
from splitwave.testbed.stopping import StopRequest

ENTRY_POINT_GROUP = "splitwave.engines"
IN_THIS_PROCESS = "inprocess"
"""The engine that starts no processes."""
MAX_RESTARTS = 3
"""How often the process engine starts each process again, by default."""
DOWNLOADS_ELSEWHERE = frozenset({"compose"})
"""Engines whose parties download data sets to a place that this process cannot read."""


@dataclass(frozen=True, slots=True)
class Checkpointing:
    """Checkpoints of a training while it runs; results do not depend on them.

    Attributes:
        every: training steps from one checkpoint to the next; one is kept after the last step, too; 0 keeps none.
        keep: how many of these stay on the disk.
        resume: go on from the last checkpoint that was kept in the job's checkpoint folder.
        stop: asks the training to end after a checkpoint between two steps; None for never.
    """

    every: int = 0
    keep: int = 2
    resume: bool = False
    stop: StopRequest | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """A run to carry out.

    Attributes:
        data_dir: folder with the data sets, or None for embedded and downloaded ones.
        checkpoint_dir: folder where the parties write their parts of the checkpoint, or read them if `restore`.
        restore: skip training and evaluate the checkpoint.
        log_dir: folder where processes write their logs.
        links_per_process: how many links each device process of the process engine hosts; results do not depend on it.
        python_path: folder to import what the settings name as `module:object` from, too.
        checkpoints: what is kept of the training while it runs.
        max_restarts: how often the process engine starts each process again that was killed; 0 ends the run then.
        answers: where the process engine writes the answers of serving passes; None for nowhere.
    """

    config: RunConfig
    data_dir: Path | None
    checkpoint_dir: Path
    restore: bool
    log_dir: Path
    links_per_process: int = 1
    python_path: Path | None = None
    checkpoints: Checkpointing = field(default_factory=Checkpointing)
    max_restarts: int = MAX_RESTARTS
    answers: Path | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """The position of a run between two epoch records."""

    stage: str
    epoch: int
    epochs: int
    step: int
    steps: int


@dataclass(frozen=True, slots=True)
class Usage:
    """The resources used by one part of a testbed, reported by engines that can measure them.

    Attributes:
        part: name of the part, such as `device-1`.
        cpu_s: processor time of all processes of the part.
        memory_peak_bytes: peak memory, without the page cache.
        network_rx_bytes, network_tx_bytes: bytes received and sent, including headers and retransmissions.
    """

    part: str
    cpu_s: float
    memory_peak_bytes: int
    network_rx_bytes: int
    network_tx_bytes: int


@dataclass(frozen=True, slots=True)
class StartedOver:
    """The run lost one of its parts and restarts from its last checkpoint."""

    reason: str


@dataclass(frozen=True, slots=True)
class Message:
    """A line of text to show to the user."""

    text: str


@dataclass(frozen=True, slots=True)
class Restarted(Message):
    """A process ended and was started again.

    Attributes:
        part: its name in the testbed, such as `device-1`.
    """

    part: str


Event = EpochRecord | Evaluation | Progress | Usage | StartedOver | Message
Observer = Callable[[Event], None]


class Engine(Protocol):
    """Completes a job, or raises a SplitwaveError and leaves no process running."""

    def run(self, job: Job, observe: Observer) -> RunResult:
        """Run the job; `observe` receives its events as they happen."""
        ...


def load_engine(name: str) -> Engine:
    """Create the engine registered under `name` in the entry-point group `splitwave.engines`.

    Raises:
        ConfigError: no engine is registered under this name.
    """
    engines = {entry.name: entry for entry in entry_points(group=ENTRY_POINT_GROUP)}
    if name not in engines:
        meant = did_you_mean(likely(name, engines))
        raise ConfigError(f"--engine {name}: no such engine; installed engines: {', '.join(sorted(engines))}{meant}")
    engine: Engine = engines[name].load()()
    return engine
