"""The engine `inprocess`, which carries out a run in one process without a network."""

import torch

from splitwave.basestation.run.epoch_meter import mean_samples_per_s
from splitwave.common.errors import RunStoppedError
from splitwave.common.protocol.phases import Phase, Symbols
from splitwave.common.records.checkpoint import check_state_dir, combined_sha256
from splitwave.common.records.results import EpochRecord, Evaluation, RunResult
from splitwave.experiments.inprocess_checkpoints import (
    TrainingCheckpoints,
    load_checkpoint,
    resume_training,
    save_checkpoint,
)
from splitwave.experiments.inprocess_outcomes import Position
from splitwave.experiments.inprocess_run import HOPS, InprocessRun, open_run
from splitwave.testbed.engine import Job, Observer, Progress
from splitwave.testbed.stopping import StopRequest


class InprocessEngine:
    """Carries out jobs of the command line in the current process."""

    def run(self, job: Job, observe: Observer) -> RunResult:
        """Train or restore, then test and serve; `observe` is called with progress, epochs and test errors."""
        torch.set_num_threads(job.config.runtime.torch_threads)
        run = _prepare(job)
        records = [] if job.restore else _train(run, job, observe)
        observe(Progress("evaluating", 0, 0, run.plan.steps, run.plan.steps))
        hard, soft = (run.evaluate(Phase.TEST, 0, symbols) for symbols in (Symbols.HARD, Symbols.SOFT))
        observe(Evaluation(hard.error, soft.error))
        serving = run.serve(0)
        return RunResult(
            steps=records[-1].step if records else 0,
            samples_per_s=mean_samples_per_s(records),
            error=hard.error,
            error_soft=soft.error,
            costs=hard.costs,
            hops=HOPS,
            hop_times_ns=serving.hop_times_ns,
            weights_sha256=combined_sha256([*run.device_sha256, run.basestation_sha256]),
            queries=run.served.queries(),
            served=run.served.results(),
            by_links=run.served.by_links(),
        )


def _prepare(job: Job) -> InprocessRun:
    run = open_run(job.config, job.data_dir)
    if not job.restore:
        check_state_dir(job.checkpoint_dir, "--results")
    else:
        load_checkpoint(run, job.checkpoint_dir)
    return run


def _train(run: InprocessRun, job: Job, observe: Observer) -> list[EpochRecord]:
    kept = job.checkpoints
    begin = resume_training(run, job.checkpoint_dir) if kept.resume else Position()
    records = list(begin.epochs)
    for record in records:
        observe(record)
    stop = kept.stop or StopRequest(signals=())
    with (
        stop.listening(),
        TrainingCheckpoints(run, job.checkpoint_dir, every=kept.every, last=kept.keep, begin=begin.step) as checkpoints,
    ):

        def keep(position: Position) -> None:
            if stop.requested:
                checkpoints.keep(position)
                checkpoints.settle()
                raise RunStoppedError(f"the run was stopped after step {position.step} of {run.plan.steps}")
            checkpoints.keep_if_due(position)

        for record in run.train(observe, keep, begin):
            observe(record)
            records.append(record)
    save_checkpoint(run, job.checkpoint_dir)
    return records
