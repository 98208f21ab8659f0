"""Shows a run while it is running: one line per epoch and, on a terminal, a progress bar below them."""

import sys
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as ProgressBar

from splitwave.common.config.run_config import RunConfig
from splitwave.common.records.results import EpochRecord
from splitwave.testbed.engine import Event, Message, Progress, StartedOver
from splitwave.testbed.terminal.epoch_line import epoch_line

_BAR = (
    TextColumn("{task.description}", markup=False),
    BarColumn(),
    MofNCompleteColumn(),
    TextColumn("steps", markup=False),
    TimeElapsedColumn(),
    TextColumn("ETA", markup=False),
    TimeRemainingColumn(),
)


class Display:
    """An observer of a run that shows its events on standard output."""

    def __init__(self, config: RunConfig) -> None:
        """Create the display of a run with these settings."""
        self._epochs = config.training.epochs
        self._wording = config.task.wording
        self._console = Console(file=sys.stdout, highlight=False, markup=False, soft_wrap=True)
        self._bar = ProgressBar(*_BAR, console=self._console, transient=True)
        self._task = self._bar.add_task("starting", total=None)

    def __enter__(self) -> Self:
        """Show the bar if standard output is a terminal."""
        if self._console.is_terminal:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove the bar; the lines above it remain."""
        if self._console.is_terminal:
            self._bar.stop()

    def __call__(self, event: Event) -> None:
        """Show one event."""
        if isinstance(event, EpochRecord):
            self._console.print(epoch_line(event, self._epochs, self._wording, self._console.width))
        elif isinstance(event, StartedOver):
            self._console.print(f"{event.reason}: the run starts over")
        elif isinstance(event, Message):
            self._console.print(event.text)
        elif isinstance(event, Progress):
            stage = event.stage
            if stage == "training":
                stage = f"epoch {min(event.epoch + 1, event.epochs)}/{event.epochs}"
            self._bar.update(self._task, description=stage, completed=event.step, total=event.steps or None)
