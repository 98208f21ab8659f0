"""Carries out a trial of QML-IB on the in-process engine."""

import copy
import time
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.channel_model import rate_noise_variances
from splitwave.common.protocol.messages import BlockKey, Phase
from splitwave.common.records.results import EpochRecord
from splitwave.device.learning.worker import DeviceWorker, Views
from splitwave.device.quantization.pmf import symbol_pmf
from splitwave.device.rate.bounds import gaussian_kl, kl_quadrature
from splitwave.experiments.inprocess_engine import InprocessRun
from splitwave.experiments.sweep.measure import BLOCK, measure
from splitwave.experiments.sweep.measurement import Outcome
from splitwave.experiments.sweep.provenance import Provenance
from splitwave.experiments.sweep.samples import resident
from splitwave.experiments.sweep.trial import QmlIbTrial

_DIVERGENCE_SAMPLES = 256
"""Samples over which D is averaged: quadrature costs a thousand times the bound."""


@dataclass(slots=True)
class _Best:
    """The epoch with the lowest validation error so far, the later of equal ones, and its weights.

    Without held-out samples, whose error is then None, the latest epoch.
    """

    error: float | None
    epoch: int
    weights: list[dict[str, torch.Tensor]]

    def stands_against(self, error: float | None) -> bool:
        """Whether a later epoch of that error is worse."""
        return self.error is not None and error is not None and error > self.error


def resolve(trial: QmlIbTrial) -> RunConfig:
    """All settings of the run that a trial is."""
    training_range = {} if trial.training_psnr_db is None else {"training_psnr_db": list(trial.training_psnr_db)}
    return RunConfig.model_validate(
        {
            "seed": trial.seed,
            "links": trial.links,
            "data": {"name": trial.data, "overlap": trial.overlap, "validation": trial.validation},
            "encoder": {"backbone": trial.backbone, "dimension": trial.symbols},
            "quantizer": {"breakpoints": trial.breakpoints},
            "objective": {"beta": trial.beta, "bound": trial.bound},
            "channel": {"psnr_db": trial.psnr_db} | training_range,
            "training": {
                "epochs": trial.epochs,
                "batch_size": trial.batch_size,
                "learning_rate": trial.learning_rate,
            },
            "inference": {"block_size": BLOCK},
            "runtime": {"bf16": True},
        }
    )


def carry_out(trial: QmlIbTrial, data_dir: Path | None, provenance: Provenance) -> Outcome:
    """Train, go back to the best epoch's weights, and measure them over every link that the trial names.

    Raises:
        DataError: the data are missing or damaged.
        RunFailedError: training diverged.
    """
    started = time.process_time()
    config = resolve(trial)
    data = resident(config.data.name, config.links, config.data.overlap, data_dir)
    run = InprocessRun(config, data.views, data.train_labels, data.test_labels)
    training_started = time.process_time()
    records, best = _train(run, trial.patience)
    training_s = time.process_time() - training_started
    for module, weights in zip(_modules(run), best.weights, strict=True):
        module.load_state_dict(weights)
    return Outcome(
        trial=trial,
        measurements=tuple(
            measure(run, psnr_db, validation=trial.validation > 0, test=trial.test) for psnr_db in trial.test_psnr_db
        ),
        rate_nats=sum(records[best.epoch - 1].rate_nats) / config.links,
        divergence_nats=sum(_divergence_nats(run, link, view) for link, view in enumerate(data.views)) / config.links,
        best_epoch=best.epoch,
        epochs=len(records),
        samples_per_s=len(run.plan.train_ids) * len(records) / training_s,
        seconds=time.process_time() - started,
        commit=provenance.commit,
        machine=provenance.machine,
    )


def _train(run: InprocessRun, patience: int) -> tuple[list[EpochRecord], _Best]:
    best = _Best(None, 0, [])
    records = []
    for record in run.train(lambda _: None):
        records.append(record)
        if not best.stands_against(record.validation_error):
            weights = [copy.deepcopy(module.state_dict()) for module in _modules(run)]
            best = _Best(record.validation_error, len(records), weights)
        if len(records) - best.epoch >= patience:
            break
    return records, best


def _modules(run: InprocessRun) -> list[nn.Module]:
    return [*(worker.model for worker in run.workers), run.trainer.decoder]


@torch.no_grad()
def _divergence_nats(run: InprocessRun, link: int, views: Views) -> float:
    """D = KL(p(ẑ|x) ‖ N(0, I)) of one link, summed over dimensions, in float64.

    The mean is over held-out samples, over training samples where none are held out.
    """
    worker: DeviceWorker = run.workers[link]
    held_out = run.plan.validation_ids
    ids = (held_out if len(held_out) else run.plan.train_ids)[:_DIVERGENCE_SAMPLES]
    mean, spread = worker.model.encoder(torch.from_numpy(views.train[ids]))
    (variance,) = rate_noise_variances(run.config, link, BlockKey(Phase.TEST, 0, 0)).tolist()
    codebook = worker.model.codebook
    if codebook is None:
        return gaussian_kl(mean.double(), spread.double(), variance).sum(-1).mean().item()
    pmf = symbol_pmf(mean.double(), spread.double(), codebook.breakpoints().double())
    return kl_quadrature(pmf, codebook.levels().double(), variance).sum(-1).mean().item()
