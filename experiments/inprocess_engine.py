"""The engine `inprocess`, which carries out a run in one process without a network."""

from pathlib import Path

import torch

from splitwave.basestation.run.epoch_meter import mean_samples_per_s
from splitwave.common.protocol.phases import Phase, Symbols
from splitwave.common.records.checkpoint import check_state_dir, combined_sha256, load_part, save_part
from splitwave.common.records.manifest import BASESTATION_PART, Manifest, device_part
from splitwave.common.records.results import EpochRecord, Evaluation, RunResult
from splitwave.experiments.inprocess_run import HOPS, InprocessRun, open_run
from splitwave.testbed.engine import Job, Observer, Progress


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
        )


def _prepare(job: Job) -> InprocessRun:
    run = open_run(job.config, job.data_dir)
    if not job.restore:
        check_state_dir(job.checkpoint_dir, "--results")
    else:
        load_checkpoint(run, job.checkpoint_dir)
    return run


def _train(run: InprocessRun, job: Job, observe: Observer) -> list[EpochRecord]:
    records = []
    for record in run.train(observe):
        observe(record)
        records.append(record)
    save_checkpoint(run, job.checkpoint_dir)
    return records


def save_checkpoint(run: InprocessRun, folder: Path) -> None:
    """Replace the checkpoint in a folder by the weights of a run, all of whose steps are done."""
    Manifest.withdraw(folder)
    devices = [save_part(folder / device_part(link), worker.model) for link, worker in enumerate(run.workers)]
    basestation = save_part(folder / BASESTATION_PART, run.trainer.decoder)
    Manifest(run.plan.steps, run.config.canonical_json(), tuple(devices), basestation).publish(folder)


def load_checkpoint(run: InprocessRun, folder: Path) -> None:
    """Replace the weights of a run by those of a checkpoint.

    Raises:
        CheckpointError: the checkpoint is damaged, or of another network, data set or number of links.
    """
    manifest = Manifest.read(folder)
    manifest.check_fits(run.config, folder)
    load_part(folder / BASESTATION_PART, run.trainer.decoder, manifest.basestation_sha256)
    for link, sha256 in enumerate(manifest.device_sha256):
        load_part(folder / device_part(link), run.workers[link].model, sha256)
