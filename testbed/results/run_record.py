"""Records the events of a run in its results folder: epochs, restarts, and the resources used by its parts."""

from collections import Counter
from pathlib import Path

from splitwave.common.records.results import EpochRecord, Evaluation
from splitwave.common.records.summary import Summary
from splitwave.common.tasks.task import Task
from splitwave.testbed.engine import Event, Progress, Restarted, StartedOver, Usage
from splitwave.testbed.results.metrics import append_epoch, keep_epochs


class RunRecord:
    """An observer of a run that records its events.

    Attributes:
        epochs: number of recorded epochs.
        steps_done, steps: training steps finished, and in total.
        evaluation: the test errors; None before they are measured.
        restarted: how often each process was started again, by its name in the testbed.
    """

    def __init__(self, metrics: Path, task: Task) -> None:
        """Create an empty record; epochs of the `task` are appended to the file `metrics`."""
        self._metrics = metrics
        self._task = task
        self._usage: dict[str, Usage] = {}
        self._restarts = 0
        self.epochs = self.steps_done = self.steps = 0
        self.evaluation: Evaluation | None = None
        self.restarted: Counter[str] = Counter()

    def __call__(self, event: Event) -> None:
        """Record one event."""
        if isinstance(event, EpochRecord):
            if event.epoch == 0 or event.epoch < self.epochs:  # the run has gone back to a checkpoint
                keep_epochs(self._metrics, event.epoch)
                self.evaluation = None
            append_epoch(self._metrics, event, self._task)
            self.epochs, self.steps_done = event.epoch + 1, event.step
        elif isinstance(event, Evaluation):
            self.evaluation = event
        elif isinstance(event, Progress) and event.steps:  # 0 while an engine is cleaning up
            self.steps_done, self.steps = event.step, event.steps
        elif isinstance(event, Usage):
            self._usage[event.part] = event
        elif isinstance(event, StartedOver):
            self._restarts += 1
        elif isinstance(event, Restarted):
            self.restarted[event.part] += 1

    def summary(self) -> Summary:
        """Return the summary's entries `restarts`, if there were any, and `containers`, if the engine measures them.

        The use of resources is sampled once a second; use after a container's last sample is not included.
        """
        containers = {part: _numbers(usage) for part, usage in self._usage.items()}
        return {
            **({"restarts": self._restarts} if self._restarts else {}),
            **({"containers": containers} if containers else {}),
        }


def _numbers(usage: Usage) -> Summary:
    return {
        "cpu_s": round(usage.cpu_s, 3),
        "memory_peak_mib": round(usage.memory_peak_bytes / 2**20, 1),
        "network_rx_bytes": usage.network_rx_bytes,
        "network_tx_bytes": usage.network_tx_bytes,
    }
