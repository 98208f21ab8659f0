"""What a results folder keeps of a run while it goes on: its epochs, how often it started over, what its parts used."""

from pathlib import Path

from splitwave.common.records.results import EpochRecord, Evaluation
from splitwave.common.records.summary import Summary
from splitwave.common.tasks.task import Task
from splitwave.testbed.engine import Event, Progress, StartedOver, Usage
from splitwave.testbed.results.metrics import append_epoch


class RunRecord:
    """An observer of a run.

    Attributes:
        epochs: how many are recorded.
        steps_done, steps: training steps finished, of how many.
        evaluation: the test errors; None before they are measured.
    """

    def __init__(self, metrics: Path, task: Task) -> None:
        """Args: the file that receives the epochs; the task of the run."""
        self._metrics = metrics
        self._task = task
        self._usage: dict[str, Usage] = {}
        self._restarts = 0
        self.epochs = self.steps_done = self.steps = 0
        self.evaluation: Evaluation | None = None

    def __call__(self, event: Event) -> None:
        """Keep one event."""
        if isinstance(event, EpochRecord):
            if event.epoch == 0:  # a run that lost one of its parts starts over
                self._metrics.unlink(missing_ok=True)
                self.evaluation = None
            append_epoch(self._metrics, event, self._task)
            self.epochs, self.steps_done = event.epoch + 1, event.step
        elif isinstance(event, Evaluation):
            self.evaluation = event
        elif isinstance(event, Progress) and event.steps:  # an engine that cleans up counts no steps
            self.steps_done, self.steps = event.step, event.steps
        elif isinstance(event, Usage):
            self._usage[event.part] = event
        elif isinstance(event, StartedOver):
            self._restarts += 1

    def summary(self) -> Summary:
        """The summary's entries `restarts`, of a run that was disturbed, and `containers`, of an engine that can tell.

        What containers use is sampled each second: what one used after its last sample is missing.
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
