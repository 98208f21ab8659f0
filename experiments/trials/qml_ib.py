"""Carries out a trial of QML-IB on the in-process engine."""

import copy
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.channel_model import rate_noise_variances
from splitwave.common.protocol.phases import Phase
from splitwave.common.records.results import EpochRecord
from splitwave.device.learning.views import Views
from splitwave.device.learning.worker import DeviceWorker
from splitwave.device.quantization.pmf import symbol_pmf
from splitwave.device.rate.gaussian import gaussian_kl
from splitwave.device.rate.mixture import kl_quadrature
from splitwave.experiments.inprocess_run import InprocessRun
from splitwave.experiments.trials.evaluation import change_radio, measure_run, measure_without_links
from splitwave.experiments.trials.outcome import Measurement, Outcome
from splitwave.experiments.trials.provenance import Provenance
from splitwave.experiments.trials.radio import channel_settings
from splitwave.experiments.trials.run_settings import run_settings
from splitwave.experiments.trials.samples import shared_data
from splitwave.experiments.trials.trial import QmlIbTrial

_DIVERGENCE_SAMPLES = 256
"""Number of samples over which D is averaged: quadrature costs a thousand times as much as the bound."""


@dataclass(slots=True)
class _Best:
    """The epoch with the lowest validation error so far (the latest of equal ones), and its weights.

    Without held-out samples, the error is None and the epoch is the latest one.
    """

    error: float | None
    epoch: int
    weights: list[dict[str, torch.Tensor]]

    def beats(self, error: float | None) -> bool:
        """Whether this epoch is better than a later one with the given validation error."""
        return self.error is not None and error is not None and error > self.error


def resolve(trial: QmlIbTrial) -> RunConfig:
    """Return the complete settings of a trial's run."""
    training_range: dict[str, object] = (
        {} if trial.training_psnr_db is None else {"training_psnr_db": list(trial.training_psnr_db)}
    )
    return run_settings(
        trial,
        objective={"bound": trial.bound},
        channel={
            **training_range,
            **channel_settings(trial.radio, csi=trial.csi),
            **({} if trial.digital is None else {"digital": {"modulation": trial.digital}}),
        },
        training={"link_dropout": trial.link_dropout},
        runtime={"bf16": True},
    )


def run_trial(trial: QmlIbTrial, data_dir: Path | None, provenance: Provenance) -> Outcome:
    """Train, restore the weights of the best epoch, and measure them at every PSNR of the trial.

    Raises:
        DataError: the data are missing or damaged.
        RunFailedError: training diverged.
    """
    started = time.process_time()
    config = resolve(trial)
    data = shared_data(config, data_dir)
    run = data.open_run(config)
    training_started = time.process_time()
    records, best = _train(run, trial.patience)
    training_s = time.process_time() - training_started
    for module, weights in zip(_modules(run), best.weights, strict=True):
        module.load_state_dict(weights)
    return Outcome(
        trial=trial,
        measurements=tuple(_measurements(run, trial)),
        rate_nats=sum(records[best.epoch - 1].rate_nats) / config.links,
        divergence_nats=sum(_divergence_nats(run, link, view) for link, view in enumerate(data.views)) / config.links,
        best_epoch=best.epoch,
        epochs=len(records),
        samples_per_s=len(run.plan.train_ids) * len(records) / training_s,
        seconds=time.process_time() - started,
        commit=provenance.commit,
        machine=provenance.machine,
    )


def _measurements(run: InprocessRun, trial: QmlIbTrial) -> Iterator[Measurement]:
    splits = {"validation": trial.validation > 0, "test": trial.test}
    for radio in trial.test_radios or (None,):
        if radio is not None:
            change_radio(run, radio, csi=trial.csi)
        for psnr_db in trial.test_psnr_db:
            yield measure_run(run, psnr_db, **splits).model_copy(update={"radio": radio})
    for missing in trial.missing_links:
        yield measure_without_links(run, trial.psnr_db, missing, **splits)


def _train(run: InprocessRun, patience: int) -> tuple[list[EpochRecord], _Best]:
    best = _Best(None, 0, [])
    records = []
    for record in run.train(lambda _: None):
        records.append(record)
        if not best.beats(record.validation_error):
            weights = [copy.deepcopy(module.state_dict()) for module in _modules(run)]
            best = _Best(record.validation_error, len(records), weights)
        if len(records) - best.epoch >= patience:
            break
    return records, best


def _modules(run: InprocessRun) -> list[nn.Module]:
    return [*(worker.model for worker in run.workers), run.trainer.decoder]


@torch.no_grad()
def _divergence_nats(run: InprocessRun, link: int, views: Views) -> float:
    """Compute D = KL(p(ẑ|x) ‖ N(0, I)) of one link in float64, summed over dimensions, in nats per sample.

    The mean is taken over held-out samples, or over training samples if none are held out.
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
