"""Distributes trials over worker processes with one torch thread each, and stores each outcome at once."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path

import torch

from splitwave.common.errors import RunFailedError
from splitwave.experiments.sweep.store import Store
from splitwave.experiments.trials import dt_jscc, qml_ib, vddib_sr, vib
from splitwave.experiments.trials.outcome import Outcome
from splitwave.experiments.trials.provenance import Provenance
from splitwave.experiments.trials.trial import DtJsccTrial, QmlIbTrial, Trial, VddibSrTrial, VibTrial

_SHOWN_FAILURES = 2

Finished = Callable[[Outcome], None]


def run_trials(
    trials: Sequence[Trial],
    *,
    jobs: int,
    data_dir: Path | None,
    provenance: Provenance,
    store: Store,
    finished: Finished,
) -> None:
    """Carry out trials in the given order, `jobs` at a time; a trial that fails does not affect the others.

    Args:
        trials: the trials to carry out.
        jobs: number of worker processes.
        data_dir: folder with the data sets, or None.
        provenance: the code and the machine, recorded in each outcome.
        store: stores each outcome.
        finished: called with each outcome after it is stored.

    Raises:
        DataError: the data are missing or damaged; the remaining trials are cancelled.
        RunFailedError: some trials failed, which the message names, or a worker process died.
        KeyboardInterrupt: the workers have been stopped; finished outcomes are stored.
    """
    context = multiprocessing.get_context("spawn")  # a fork would copy torch's threads in an unknown state
    failures: list[str] = []
    pool = ProcessPoolExecutor(min(jobs, max(1, len(trials))), context, _prepare_worker)
    try:
        with _ignoring_interrupts():  # inherited by the workers, which are started here; their parent stops them
            pending = {pool.submit(_carry_out, trial, data_dir, provenance): trial for trial in trials}
        while pending:
            done, _ = wait(pending, return_when=FIRST_COMPLETED)
            for future in done:
                _collect(future, pending.pop(future), store, finished, failures)
        pool.shutdown()
    except BaseException:
        _end(pool)
        raise
    if failures:
        shown = "; ".join(failures[:_SHOWN_FAILURES])
        raise RunFailedError(f"{len(failures)} of {len(trials)} trainings failed, the first with: {shown}")


def _collect(future: Future[Outcome], trial: Trial, store: Store, finished: Finished, failures: list[str]) -> None:
    try:
        outcome = future.result()
    except BrokenProcessPool:
        raise RunFailedError("a worker process died (out of memory?): run the command again to continue") from None
    except RunFailedError as error:
        failures.append(f"{trial.model_dump_json(exclude_defaults=True)}: {error}")
        return
    store.add(outcome)
    finished(outcome)


def _end(pool: ProcessPoolExecutor) -> None:
    pool.shutdown(wait=False, cancel_futures=True)
    for child in multiprocessing.active_children():
        child.terminate()
        child.join()


@contextmanager
def _ignoring_interrupts() -> Iterator[None]:
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)


def _prepare_worker() -> None:
    torch.set_num_threads(1)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _carry_out(trial: Trial, data_dir: Path | None, provenance: Provenance) -> Outcome:
    match trial:
        case QmlIbTrial():
            return qml_ib.run_trial(trial, data_dir, provenance)
        case VddibSrTrial():
            return vddib_sr.run_trial(trial, data_dir, provenance)
        case VibTrial():
            return vib.run_trial(trial, data_dir, provenance)
        case DtJsccTrial():
            return dt_jscc.run_trial(trial, data_dir, provenance)
