"""A testbed as a context: base station, channel emulator and devices run while the caller goes on."""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from types import TracebackType
from typing import Self

from splitwave.common.errors import RunFailedError
from splitwave.experiments.api.settings import Settings, data_folder, module_folder, name_of, resolve
from splitwave.experiments.api.training import Callback, TrainingResult, finish
from splitwave.testbed.commands.options import PROCESS
from splitwave.testbed.engine import Event
from splitwave.testbed.execution import RunRequest
from splitwave.testbed.interruption import Interrupter, interruptible_by
from splitwave.testbed.results.checkpoint_folder import find_checkpoint


class Testbed:
    """A testbed that trains, or evaluates a checkpoint, in processes or containers.

        with Testbed("demo") as testbed:
            for event in testbed.events():
                ...
            result = testbed.result()

    Entering starts the parties and returns at once; leaving stops those that still run. It works in a thread of its
    own, so it does not matter whether an event loop runs, as in a notebook. A testbed that is left early keeps its
    measurements in a folder named `….unfinished`.

    Attributes:
        config: the settings of the run.
    """

    __test__ = False  # pytest takes classes with this name for tests

    def __init__(
        self,
        config: Settings,
        *,
        engine: str = PROCESS,
        restore: str | Path | None = None,
        callbacks: Iterable[Callback] = (),
        overrides: Sequence[str] = (),
        data_dir: str | Path | None = None,
        python_path: str | Path | None = None,
        results: str | Path = "results",
    ) -> None:
        """Describe a testbed; nothing is started yet.

        Args:
            config: as for `train`.
            engine: `process` or `compose`.
            restore: a checkpoint to evaluate with these settings, instead of training.
            callbacks: called with each event of the run, in the testbed's thread.
            overrides: as for `train`.
            data_dir: as for `train`.
            python_path: as for `train`.
            results: folder that holds all results.

        Raises:
            ConfigError: a setting is wrong.
            CheckpointError: there is no checkpoint to restore.
        """
        self.config = resolve(config, overrides)
        folder = None if restore is None else find_checkpoint(Path(restore), "restore")
        what = name_of(config) if folder is None else "infer"
        self._request = RunRequest(
            what,
            self.config,
            engine,
            data_folder(data_dir),
            Path(results),
            folder,
            python_path=module_folder(python_path),
        )
        self._callbacks = tuple(callbacks)
        self._events: SimpleQueue[Event | None] = SimpleQueue()
        self._interrupter = Interrupter()
        self._done: Future[TrainingResult] | None = None

    def __enter__(self) -> Self:
        """Start the testbed.

        Raises:
            RunFailedError: it was started before; make another for another run.
        """
        if self._done is not None:
            raise RunFailedError("this testbed was started before: make another one for another run")
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="splitwave-testbed")
        self._done = self._pool.submit(self._run)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop all parties that still run, and wait for their end."""
        self._interrupter.interrupt()
        self._pool.shutdown()

    def result(self, timeout_s: float | None = None) -> TrainingResult:
        """Wait for the end of the run.

        Raises:
            TimeoutError: it has not ended after this time; it goes on.
            SplitwaveError: the run failed, or the testbed was left before its end.
        """
        return self._started.result(timeout_s)

    async def wait(self) -> TrainingResult:
        """Wait for the end of the run without blocking the event loop; raises what `result` raises."""
        return await asyncio.shield(asyncio.wrap_future(self._started))

    def events(self) -> Iterator[Event]:
        """Yield the events of the run as they come, each once, until it ends; it does not raise the run's error."""
        while (event := self._events.get()) is not None:
            yield event
        self._events.put(None)  # a second iteration ends, too

    @property
    def _started(self) -> "Future[TrainingResult]":
        if self._done is None:
            raise RunFailedError("this testbed is not started: use it in a `with` statement")
        return self._done

    def _run(self) -> TrainingResult:
        try:
            with interruptible_by(self._interrupter):
                return finish(self._request, [self._events.put, *self._callbacks])
        except KeyboardInterrupt as interrupt:
            notes = getattr(interrupt, "__notes__", [])
            raise RunFailedError("; ".join(["the testbed was left before its run ended", *notes])) from None
        finally:
            self._events.put(None)
